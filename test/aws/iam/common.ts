// What IAM's actions share: finding by name, checking names, tags, and lists with markers.

import { AwsError } from '../errors.ts'
import type { Params } from '../query.ts'
import type { Profile, Role, Tags, World } from '../state.ts'
import type { Xml } from '../xml.ts'

export const IAM_TAGS = ['Tags.Key', 'Tags.Value'] as const
export const IAM_PAGE = ['MaxItems', 'Marker'] as const

export function roleByName(world: World, name: string): Role {
  const role = world.roles.get(name)
  if (!role) throw new AwsError('NoSuchEntity', `The role with name ${name} cannot be found.`)
  return role
}

export function profileByName(world: World, name: string): Profile {
  const profile = world.profiles.get(name)
  if (!profile) throw new AwsError('NoSuchEntity', `Instance Profile ${name} cannot be found.`)
  return profile
}

export function checkName(what: string, name: string, most: number): void {
  if (/^[\w+=,.@-]+$/.test(name) && name.length <= most) return
  throw new AwsError(
    'ValidationError',
    `The specified value for ${what} is invalid. It must contain only alphanumeric characters ` +
      `and/or the following: +=,.@_- (at most ${most})`,
  )
}

export function readPath(params: Params): string {
  const path = params.text('Path') ?? '/'
  if (/^\/([\x21-\x7e]+\/)?$/.test(path)) return path
  throw new AwsError('ValidationError', 'The specified value for path is invalid.')
}

export function readIamTags(params: Params): Tags {
  return new Map(params.tags('Tags').map(([key, value]) => [key, value ?? '']))
}

export function iamTags(tags: Tags): Xml {
  return [...tags].map(([Key, Value]) => ({ Key, Value }))
}

export function iamPage<T>(
  params: Params,
  items: readonly T[],
  render: (one: T) => Xml,
  as: string,
) {
  const start = Number(params.text('Marker') ?? 0)
  const end = start + (params.number('MaxItems') ?? 100)
  const more = end < items.length
  return {
    IsTruncated: more,
    ...(more && { Marker: String(end) }),
    [as]: items.slice(start, end).map(render),
  }
}

/** Policies travel URL-encoded in answers (GetRole and GetRolePolicy, IAM API). */
export function encodedPolicy(text: string): string {
  return encodeURIComponent(text)
}
