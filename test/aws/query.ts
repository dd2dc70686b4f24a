// The Query protocol's request: a form body whose dotted names (`Filter.1.Value.2`,
// `Tags.member.1.Key`) spell out a tree. Handlers read the tree through `Params`.

import { AwsError } from './errors.ts'

export type Tree = string | Tree[] | { [name: string]: Tree }

export class Params {
  readonly #tree: { [name: string]: Tree }
  readonly #path: string

  constructor(tree: { [name: string]: Tree } = {}, path = '') {
    this.#tree = tree
    this.#path = path
  }

  text(name: string): string | undefined {
    const value = this.#tree[name]
    if (value === undefined || typeof value === 'string') return value
    throw malformed(this.#path + name)
  }

  need(name: string): string {
    const value = this.text(name)
    if (value) return value
    throw new AwsError(
      'MissingParameter',
      `The request must contain the parameter ${this.#path}${name}`,
    )
  }

  number(name: string): number | undefined {
    const value = this.text(name)
    if (value === undefined) return undefined
    if (/^-?\d+$/.test(value)) return Number(value)
    throw this.#invalid(name, value)
  }

  flag(name: string): boolean | undefined {
    const value = this.text(name)
    if (value === undefined) return undefined
    if (value === 'true' || value === 'false') return value === 'true'
    throw this.#invalid(name, value)
  }

  oneOf<const T extends string>(name: string, values: readonly T[]): T | undefined {
    const value = this.text(name)
    if (value === undefined) return undefined
    const found = values.find((one) => one === value)
    if (found) return found
    throw this.#invalid(name, value)
  }

  list(name: string): string[] {
    return this.#items(name).map((item) => {
      if (typeof item === 'string') return item
      throw malformed(this.#path + name)
    })
  }

  object(name: string): Params | undefined {
    const value = this.#tree[name]
    if (value === undefined) return undefined
    if (typeof value === 'string' || Array.isArray(value)) throw malformed(this.#path + name)
    return new Params(value, `${this.#path}${name}.`)
  }

  objects(name: string): Params[] {
    return this.#items(name).map((item, index) => {
      if (typeof item === 'string' || Array.isArray(item)) throw malformed(this.#path + name)
      return new Params(item, `${this.#path}${name}.${index + 1}.`)
    })
  }

  tags(name: string): [key: string, value: string | undefined][] {
    return this.objects(name).map((tag) => [tag.need('Key'), tag.text('Value')])
  }

  toJSON(): { [name: string]: Tree } {
    return this.#tree
  }

  #items(name: string): Tree[] {
    const value = this.#tree[name]
    if (value === undefined) return []
    if (Array.isArray(value)) return value
    throw malformed(this.#path + name)
  }

  #invalid(name: string, value: string): AwsError {
    return new AwsError(
      'InvalidParameterValue',
      `Value (${value}) for parameter ${this.#path}${name} is invalid.`,
    )
  }
}

export interface Query {
  action: string
  version: string
  params: Params
  /** Every name as it came, for comparing whole requests. */
  flat: Record<string, string>
}

export function parseQuery(form: string): Query {
  const flat: Record<string, string> = Object.fromEntries(new URLSearchParams(form))
  const { Action: action = '', Version: version = '', ...rest } = flat
  return { action, version, params: new Params(grow(rest)), flat: rest }
}

/** Refuses what no handler would read: ignoring a parameter would hide that it matters. */
export function refuseUnknown(query: Query, known: readonly string[]): void {
  for (const name of Object.keys(query.flat)) {
    const bare = name.replace(/\.(\d+|member)(?=\.|$)/g, '')
    if (known.includes(bare)) continue
    throw new AwsError(
      'UnknownParameter',
      `The parameter ${bare} is not recognized (the stand-in does not know it for ${query.action})`,
    )
  }
}

function grow(flat: Record<string, string>): { [name: string]: Tree } {
  const root: { [name: string]: Tree } = {}
  for (const [name, value] of Object.entries(flat)) {
    const path = name.split('.')
    const last = path.pop() ?? ''
    let at = root
    for (const step of path) {
      at[step] ??= {}
      const next = at[step]
      if (!next || typeof next === 'string' || Array.isArray(next)) throw malformed(name)
      at = next
    }
    if (at[last] !== undefined) throw malformed(name)
    at[last] = value
  }
  return Object.fromEntries(Object.entries(root).map(([name, value]) => [name, listed(value)]))
}

/** Turns `{1: …, 2: …}` and `{member: {1: …}}` into lists, all the way down. */
function listed(value: Tree): Tree {
  if (typeof value === 'string' || Array.isArray(value)) return value
  const { member } = value
  if (member !== undefined && Object.keys(value).length === 1) return listed(member)
  const entries = Object.entries(value).map(([name, one]) => [name, listed(one)] as const)
  if (!entries.every(([name]) => /^[1-9]\d*$/.test(name))) return Object.fromEntries(entries)
  return entries.sort(([a], [b]) => Number(a) - Number(b)).map(([, one]) => one)
}

function malformed(name: string): AwsError {
  return new AwsError('MalformedQueryString', `The query string is malformed at ${name}`)
}
