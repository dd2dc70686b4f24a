/** The IAM policies: the templates in `policies/` with their placeholders filled in. */
import type { Identity } from '../aws/identity.ts'
import { tagKeys } from '../aws/tags.ts'
import diskKeyTemplate from './policies/disk-key.json' with { type: 'json' }
import existingGroup from './policies/existing-group.json' with { type: 'json' }
import node from './policies/node.json' with { type: 'json' }
import nodeTrust from './policies/node-trust.json' with { type: 'json' }
import operator from './policies/operator.json' with { type: 'json' }

export type Policy = object

type Place = Pick<Identity, 'account' | 'partition' | 'region'>

export interface NodePolicyOptions {
  cluster: string
  /** The id of the security group: workers may be launched in no other one. */
  group: string
  /** The ids of the images and the types that workers may be launched with. */
  images: string[]
  types: string[]
  /** The ARN of the account's own key for disks, if that is the default. */
  diskKey?: string | undefined
  /** Tags of all that is created, besides those of tm. */
  tags?: Record<string, string> | undefined
}

/** What a node may do. */
export function nodePolicy(
  place: Place,
  { cluster, group, images, types, diskKey, tags = {} }: NodePolicyOptions,
): Policy {
  const { cluster: own, kind, id, node: of, attempt } = tagKeys
  const template = diskKey
    ? { ...node, Statement: [...node.Statement, ...diskKeyTemplate.Statement] }
    : node
  return render(template, {
    ...common(place),
    diskKey: diskKey ?? '',
    cluster,
    group,
    types,
    images: images.map((one) => `arn:${place.partition}:ec2:${place.region}::image/${one}`),
    tagKeys: [own, kind, id, of, attempt, 'Name', ...Object.keys(tags)],
  })
}

export function nodeTrustPolicy(place: Place): Policy {
  return render(nodeTrust, common(place))
}

/**
 * What the operator needs for `tm up`, `tm down` and `tm list`, of any cluster of a region. `group`: the
 * id of an existing security group, which has no tag of tm that allows launches in it.
 */
export function operatorPolicy(place: Place, { group }: { group?: string } = {}): Policy {
  if (group === undefined) return render(operator, common(place))
  const Statement = [...operator.Statement, ...existingGroup.Statement]
  return render({ ...operator, Statement }, { ...common(place), group })
}

function common({ account, partition, region }: Place): Record<string, string> {
  const suffix = partition === 'aws-cn' ? 'amazonaws.com.cn' : 'amazonaws.com'
  return { account, partition, region, ec2Service: `ec2.${suffix}` }
}

/** Fills in every `{{placeholder}}`; one that is a whole string may be a list. */
export function render(template: object, values: Record<string, string | string[]>): Policy {
  const filling = (name: string) => {
    const value = values[name]
    if (value === undefined) throw new Error(`no value for {{${name}}} in a policy`)
    return value
  }
  const filled = JSON.stringify(template)
    .replace(/"\{\{(\w+)\}\}"/g, (_, name: string) => JSON.stringify(filling(name)))
    .replace(/\{\{(\w+)\}\}/g, (_, name: string) => JSON.stringify(filling(name)).slice(1, -1))
  return JSON.parse(filled) as Policy
}
