// What all Describe actions share: filters with wildcards, ids that must exist, and pages.

import { AwsError } from '../errors.ts'
import { glob } from '../policy/glob.ts'
import type { Params } from '../query.ts'
import type { Tags, World } from '../state.ts'
import type { Xml } from '../xml.ts'

export const FILTER = ['Filter.Name', 'Filter.Value'] as const
export const PAGE = ['MaxResults', 'NextToken'] as const

type Value = string | number | boolean | undefined | readonly string[]

/** The names that a list can be filtered by, and how to read each from one of its items. */
export type Fields<T> = Readonly<Record<string, (one: T) => Value>>

export function filtered<T>(
  params: Params,
  items: readonly T[],
  fields: Fields<T>,
  tags?: (one: T) => Tags,
): T[] {
  let left = [...items]
  for (const filter of params.objects('Filter')) {
    const name = filter.need('Name')
    const wanted = filter.list('Value')
    const read = reader(name, fields, tags)
    if (wanted.length === 0) {
      throw new AwsError('InvalidParameterValue', `The filter '${name}' must have a value`)
    }
    left = left.filter((one) => values(read(one)).some((have) => wanted.some((w) => glob(w, have))))
  }
  return left
}

function reader<T>(
  name: string,
  fields: Fields<T>,
  tags: ((one: T) => Tags) | undefined,
): (one: T) => Value {
  const field = fields[name]
  if (field) return field
  if (tags && name === 'tag-key') return (one) => [...tags(one).keys()]
  if (tags && name.startsWith('tag:')) return (one) => tags(one).get(name.slice(4))
  throw new AwsError('InvalidParameterValue', `The filter '${name}' is invalid`)
}

function values(value: Value): string[] {
  if (value === undefined) return []
  return typeof value === 'object' ? [...value] : [String(value)]
}

/** The items that were asked for by id; an id that does not exist fails the whole call. */
export function chosen<T>(
  ids: readonly string[],
  items: readonly T[],
  id: (one: T) => string,
  missing: (ids: string[]) => AwsError,
): readonly T[] {
  if (ids.length === 0) return items
  const absent = ids.filter((wanted) => !items.some((one) => id(one) === wanted))
  if (absent.length > 0) throw missing(absent)
  return items.filter((one) => ids.includes(id(one)))
}

/** Tokens are opaque and hold for the list they came from, as AWS says of them. */
export function paged<T>(
  world: World,
  action: string,
  params: Params,
  items: readonly T[],
  least: number,
): { items: T[]; nextToken: string | undefined } {
  const asked = params.number('MaxResults')
  if (asked !== undefined && (asked < least || asked > 1_000)) {
    throw new AwsError(
      'InvalidParameterValue',
      `Value ( ${asked} ) for parameter maxResults is invalid. Expecting a value between ` +
        `${least} and 1000.`,
    )
  }
  const start = offset(action, params.text('NextToken'))
  const end = start + Math.min(asked ?? world.options.maxPage, world.options.maxPage)
  return {
    items: items.slice(start, end),
    nextToken:
      end < items.length ? Buffer.from(`${action}/${end}`).toString('base64url') : undefined,
  }
}

function offset(action: string, token: string | undefined): number {
  if (token === undefined) return 0
  const [of, start] = Buffer.from(token, 'base64url').toString().split('/')
  if (of === action && start && /^\d+$/.test(start)) return Number(start)
  throw new AwsError('InvalidNextToken', 'The token provided is invalid')
}

export function tagSet(tags: Tags): Xml {
  return [...tags].map(([key, value]) => ({ key, value }))
}
