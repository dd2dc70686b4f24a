/**
 * The security group of a cluster. It opens only the node port, to the operator's addresses and to the
 * group itself.
 */

import {
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  DescribeSecurityGroupsCommand,
  RevokeSecurityGroupIngressCommand,
  type SecurityGroup,
} from '@aws-sdk/client-ec2'
import { TmError } from '../../../core/errors.ts'
import { suggest, tm } from '../../../core/suggestions.ts'
import type { AwsContext } from '../aws/context.ts'
import { clusterFilters, fromTags, groupName, tagKeys, toTags } from '../aws/tags.ts'
import { compareRules, type RuleChange, type WantedRules } from './group-rules.ts'

export interface GroupOptions extends WantedRules {
  cluster: string
  /** Where to create the group; without it, only an existing group is changed. */
  vpc?: string
  /** Of a new group, besides those of tm. */
  tags?: Record<string, string>
}

/** Another command was faster: EC2 rejects the whole call and changes nothing. */
const overtaken = ['InvalidPermission.Duplicate', 'InvalidPermission.NotFound']

export interface Group {
  id: string
  created: boolean
  opened: string[]
  closed: string[]
}

/**
 * Creates the group, or corrects its rules: adds what is missing, then removes everything else, such
 * as a former address of the operator.
 */
export async function ensureGroup(aws: AwsContext, options: GroupOptions): Promise<Group> {
  const { cluster, vpc, tags } = options
  const found = (await listGroups(aws, { cluster }))[0]
  if (found && vpc && found.VpcId !== vpc) throw otherVpc(cluster, found, vpc)
  if (!found && !vpc) throw noGroup(cluster, aws.region)
  const group = found ?? (await createGroup(aws, { cluster, vpc: vpc ?? '', tags }))
  const id = group.GroupId ?? ''
  const { opened, closed } = await correctRules(aws, { ...group, GroupId: id }, options)
  return { id, created: !found, opened, closed }
}

/** Compares again if another command changes the rules at the same time. */
async function correctRules(
  aws: AwsContext,
  group: SecurityGroup,
  wanted: GroupOptions,
): Promise<RuleChange> {
  const id = group.GroupId ?? ''
  let present = group.IpPermissions ?? []
  for (let n = 0; ; n += 1) {
    const change = compareRules(id, present, wanted)
    if (await applyRules(aws, id, change, n < 5 ? overtaken : [])) return change
    await aws.backoff(n, { firstMs: 1000, maxMs: 8000 })
    const seen = await listGroups(aws, { cluster: wanted.cluster })
    present = seen.find(({ GroupId }) => GroupId === id)?.IpPermissions ?? []
  }
}

/** The groups of one cluster or of all. A cluster has one, unless somebody tagged more by hand. */
export async function listGroups(
  aws: AwsContext,
  { cluster }: { cluster?: string },
): Promise<SecurityGroup[]> {
  const Filters = clusterFilters(cluster)
  return await aws.list(
    (NextToken) => new DescribeSecurityGroupsCommand({ Filters, NextToken }),
    ({ SecurityGroups }) => SecurityGroups,
    { doing: 'looking up the security group' },
  )
}

async function createGroup(
  aws: AwsContext,
  {
    cluster,
    vpc,
    tags,
  }: { cluster: string; vpc: string; tags: Record<string, string> | undefined },
): Promise<SecurityGroup> {
  const name = groupName(cluster)
  const command = new CreateSecurityGroupCommand({
    GroupName: name,
    Description: `tm cluster ${cluster}`,
    VpcId: vpc,
    TagSpecifications: [
      {
        ResourceType: 'security-group',
        Tags: toTags({ ...tags, [tagKeys.cluster]: cluster, [tagKeys.kind]: 'group', Name: name }),
      },
    ],
  })
  const made = await aws.call(command, {
    doing: 'creating the security group',
    answers: ['InvalidGroup.Duplicate'],
  })
  if (made) return { GroupId: made.GroupId, VpcId: vpc }
  return await findByName(aws, { name, vpc, cluster })
}

async function findByName(
  aws: AwsContext,
  { name, vpc, cluster }: { name: string; vpc: string; cluster: string },
): Promise<SecurityGroup> {
  const Filters = [
    { Name: 'group-name', Values: [name] },
    { Name: 'vpc-id', Values: [vpc] },
  ]
  const { SecurityGroups } = await aws.call(new DescribeSecurityGroupsCommand({ Filters }), {
    doing: 'looking up the security group',
    check(answer) {
      if (!answer.SecurityGroups?.[0]) throw notVisible(name)
    },
  })
  const found = SecurityGroups?.[0]
  if (fromTags(found?.Tags).get(tagKeys.cluster) === cluster) return { ...found }
  const message = `Security group ${name} (${found?.GroupId}) in ${vpc} exists, but is not tm's`
  throw new TmError('conflict', message, {
    suggestions: [
      suggest`Use another cluster name: ${tm('up', { cluster: 'NAME' })}`,
      'Or rename or remove that group',
    ],
  })
}

/** EC2 knows the name but does not list the group yet: retried like the same error from EC2. */
function notVisible(name: string): Error {
  const error = new Error(`The security group '${name}' does not exist`)
  return Object.assign(error, { name: 'InvalidGroup.NotFound', $fault: 'client' })
}

/** False if EC2 responds with one of `answers`: the rules are not those that were compared. */
async function applyRules(
  aws: AwsContext,
  id: string,
  { add, remove }: RuleChange,
  answers: string[],
): Promise<boolean> {
  const options = { doing: 'changing the rules of the security group', answers }
  if (add.length > 0) {
    const command = new AuthorizeSecurityGroupIngressCommand({ GroupId: id, IpPermissions: add })
    if (!(await aws.call(command, options))) return false
  }
  if (remove.length === 0) return true
  const command = new RevokeSecurityGroupIngressCommand({ GroupId: id, IpPermissions: remove })
  return (await aws.call(command, options)) !== undefined
}

function otherVpc(cluster: string, { GroupId, VpcId }: SecurityGroup, vpc: string): TmError {
  const message = `Cluster ${cluster} is in ${VpcId} (${GroupId}), and can't move to ${vpc}`
  return new TmError('conflict', message, {
    suggestions: [
      `Use a subnet of ${VpcId}: --subnet`,
      suggest`Or remove the cluster first: ${tm('down')}`,
    ],
  })
}

function noGroup(cluster: string, region: string): TmError {
  return new TmError('not_found', `Cluster ${cluster} has no security group in ${region}`, {
    suggestions: [
      suggest`List clusters: ${tm('list')}`,
      suggest`Create it: ${tm('up')}`,
      'If it was created with --security-group, change the rules of that group',
    ],
  })
}
