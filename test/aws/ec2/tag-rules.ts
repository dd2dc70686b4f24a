// Tags as requests bring them: read from TagSpecification, checked against EC2's restrictions
// ("Tag your Amazon EC2 resources", Tag restrictions).

import { AwsError } from '../errors.ts'
import type { Params } from '../query.ts'
import type { Tags } from '../state.ts'

export const TAGS = [
  'TagSpecification.ResourceType',
  'TagSpecification.Tag.Key',
  'TagSpecification.Tag.Value',
] as const

/** Tags by the type of resource; only the types that the action makes are accepted. */
export function specifiedTags(params: Params, kinds: readonly string[]): Map<string, Tags> {
  const all = new Map<string, Tags>()
  for (const spec of params.objects('TagSpecification')) {
    const kind = spec.need('ResourceType')
    if (!kinds.includes(kind)) {
      throw new AwsError(
        'InvalidParameterValue',
        `'${kind}' is not a valid taggable resource type.`,
      )
    }
    if (all.has(kind)) throw duplicate(`the resource type '${kind}'`)
    all.set(kind, readTags(spec))
  }
  return all
}

export function readTags(params: Params): Tags {
  const tags: Tags = new Map()
  for (const [key, value = ''] of params.tags('Tag')) {
    if (tags.has(key)) throw duplicate(`the tag key '${key}'`)
    if (key.length > 128 || value.length > 256) {
      throw new AwsError('InvalidParameterValue', `Tag ${key} is too long (keys 128, values 256)`)
    }
    if (key.toLowerCase().startsWith('aws:')) {
      throw new AwsError(
        'InvalidParameterValue',
        'Tag keys starting with ‘aws:’ are reserved for internal use',
      )
    }
    tags.set(key, value)
  }
  if (tags.size > 50) throw new AwsError('TagLimitExceeded', 'More than 50 tags specified')
  return tags
}

function duplicate(what: string): AwsError {
  return new AwsError('InvalidParameterValue', `Duplicate values for ${what} specified.`)
}
