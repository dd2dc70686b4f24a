// Tags set, removed and listed on their own, whatever they hang on.

import { type Action, type Actions, ec2Arn, requestTags, resourceTags } from '../action.ts'
import { AwsError } from '../errors.ts'
import type { Params } from '../query.ts'
import type { Tags, World } from '../state.ts'
import { noGroup, noInstances, visibleGroups, visibleInstances } from './find.ts'
import { FILTER, type Fields, filtered, PAGE, paged } from './list.ts'
import { readTags } from './tag-rules.ts'

interface Tagged {
  id: string
  kind: string
  tags: Tags
}

interface TagRow {
  resourceId: string
  resourceType: string
  key: string
  value: string
}

const fields: Fields<TagRow> = {
  key: ({ key }) => key,
  'resource-id': ({ resourceId }) => resourceId,
  'resource-type': ({ resourceType }) => resourceType,
  value: ({ value }) => value,
}

function change(name: string, act: (tags: Tags, params: Params) => void): Action {
  return {
    takes: ['ResourceId', 'Tag.Key', 'Tag.Value', 'DryRun'],
    run({ world, params, allow, dryRun }) {
      const ids = params.list('ResourceId')
      if (ids.length === 0) params.need('ResourceId')
      const asked = readTags(params)
      const all = tagged(world)
      const found = ids.map((id) => all.find((one) => one.id === id))
      const resources = ids.map((id, at) => ({
        arn: ec2Arn(world, found[at]?.kind ?? kindOf(id), id),
        keys: { ...resourceTags(found[at]?.tags), ...requestTags(asked) },
      }))
      allow(`ec2:${name}`, resources)
      const absent = ids.find((_, at) => !found[at])
      if (absent !== undefined) throw missing(absent)
      dryRun()
      for (const one of found) if (one) act(one.tags, params)
      return { return: true }
    },
  }
}

export const tagActions: Actions = {
  CreateTags: change('CreateTags', (tags, params) => {
    for (const [key, value] of readTags(params)) tags.set(key, value)
  }),

  // A key without a value deletes the tag whatever its value is (DeleteTags, API Reference); an
  // empty value deletes only an empty one.
  DeleteTags: change('DeleteTags', (tags, params) => {
    for (const [key, value] of params.tags('Tag')) {
      if (value === undefined || tags.get(key) === value) tags.delete(key)
    }
  }),

  DescribeTags: {
    takes: ['DryRun', ...FILTER, ...PAGE],
    run({ world, params, allow, dryRun }) {
      allow('ec2:DescribeTags')
      dryRun()
      const rows = tagged(world).flatMap(({ id, kind, tags }) =>
        [...tags].map(([key, value]) => ({ resourceId: id, resourceType: kind, key, value })),
      )
      // Filters like `tag:NAME` of other actions work here too.
      const left = filtered(params, rows, fields, ({ key, value }) => new Map([[key, value]]))
      const page = paged(world, 'DescribeTags', params, left, 5)
      return { tagSet: page.items.map((row) => ({ ...row })), nextToken: page.nextToken }
    },
  },
}

function tagged(world: World): Tagged[] {
  const of = (kind: string, items: Iterable<{ id: string; tags: Tags }>) =>
    [...items].map(({ id, tags }) => ({ id, kind, tags }))
  return [
    ...of('instance', visibleInstances(world)),
    ...of('security-group', visibleGroups(world)),
    ...of('volume', world.volumes.values()),
    ...of('network-interface', world.interfaces.values()),
    ...of('spot-instances-request', world.spotRequests.values()),
  ]
}

function kindOf(id: string): string {
  const kinds: Record<string, string> = {
    i: 'instance',
    sg: 'security-group',
    vol: 'volume',
    eni: 'network-interface',
    sir: 'spot-instances-request',
  }
  return kinds[id.split('-')[0] ?? ''] ?? '*'
}

function missing(id: string): AwsError {
  if (id.startsWith('i-')) return noInstances([id])
  if (id.startsWith('sg-')) return noGroup(id)
  return new AwsError('InvalidID', `The ID '${id}' is not valid`)
}
