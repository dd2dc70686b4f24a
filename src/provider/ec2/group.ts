/**
 * The security group of a cluster. Only the node port is open, to the operator's addresses and to
 * the group itself; nothing else comes in.
 */
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  DescribeSecurityGroupsCommand,
  RevokeSecurityGroupIngressCommand,
  type SecurityGroup,
} from '@aws-sdk/client-ec2'
import { TmError } from '../../core/errors.ts'
import type { Aws } from './clients.ts'
import { codeOf, retrying, unless } from './errors.ts'
import { type Change, compareRules, type Wanted } from './group-rules.ts'
import { pages } from './network.ts'
import { backoff, type Pace } from './pace.ts'
import { fromTags, groupName, tagKeys, toTags } from './tags.ts'

export interface GroupOptions extends Wanted {
  cluster: string
  /** Where to make it; without one, only the rules of the group that there is are changed. */
  vpc?: string
}

/** One rule that is there already, or gone already, and the whole call does nothing. */
const overtaken = ['InvalidPermission.Duplicate', 'InvalidPermission.NotFound']

export interface Group {
  id: string
  /** What had to be done to it. */
  created: boolean
  opened: string[]
  closed: string[]
}

/**
 * Makes the group, or brings the rules of the one there is to what is wanted: adds what is missing,
 * then removes everything else, such as an address that the operator no longer has.
 */
export async function ensureGroup(aws: Aws, options: GroupOptions, pace: Pace): Promise<Group> {
  const { cluster, vpc } = options
  const found = (await listGroups(aws, { cluster }, pace))[0]
  if (found && vpc && found.VpcId !== vpc) throw otherVpc(cluster, found, vpc)
  if (!found && !vpc) throw noGroup(cluster, aws.region)
  const group = found ?? (await createGroup(aws, { cluster, vpc: vpc ?? '' }, pace))
  const id = group.GroupId ?? ''
  const { opened, closed } = await heal(aws, { ...group, GroupId: id }, options, pace)
  return { id, created: !found, opened, closed }
}

/** Where another command changed it at the same time, what is left to change is looked at again. */
async function heal(
  aws: Aws,
  group: SecurityGroup,
  wanted: GroupOptions,
  pace: Pace,
): Promise<Change> {
  const id = group.GroupId ?? ''
  let present = group.IpPermissions ?? []
  for (let n = 0; ; n += 1) {
    const change = compareRules(id, present, wanted)
    try {
      await apply(aws, id, change, pace)
      return change
    } catch (error) {
      if (!overtaken.includes(codeOf(error)) || n === 5) throw error
      await pace.sleep(backoff(n, pace.random(), { first: 1000, most: 8000 }), pace.signal)
      const seen = await listGroups(aws, { cluster: wanted.cluster }, pace)
      present = seen.find(({ GroupId }) => GroupId === id)?.IpPermissions ?? []
    }
  }
}

/** The groups of a cluster, or of all; there is one, unless somebody made more by hand. */
export async function listGroups(
  { ec2, region }: Aws,
  { cluster }: { cluster?: string },
  pace: Pace,
): Promise<SecurityGroup[]> {
  const Filters = [
    cluster === undefined
      ? { Name: 'tag-key', Values: [tagKeys.cluster] }
      : { Name: `tag:${tagKeys.cluster}`, Values: [cluster] },
  ]
  return await pages(async (NextToken) => {
    const command = new DescribeSecurityGroupsCommand({ Filters, NextToken })
    const answer = await retrying(() => ec2.send(command), {
      pace,
      deadline: pace.now() + 60_000,
      context: { doing: 'looking for the security group', region },
    })
    return { items: answer.SecurityGroups ?? [], next: answer.NextToken }
  })
}

async function createGroup(
  aws: Aws,
  { cluster, vpc }: { cluster: string; vpc: string },
  pace: Pace,
): Promise<SecurityGroup> {
  const name = groupName(cluster)
  const command = new CreateSecurityGroupCommand({
    GroupName: name,
    Description: `tm cluster ${cluster}`,
    VpcId: vpc,
    TagSpecifications: [
      {
        ResourceType: 'security-group',
        Tags: toTags({ [tagKeys.cluster]: cluster, [tagKeys.kind]: 'group', Name: name }),
      },
    ],
  })
  const context = { doing: 'making the security group', region: aws.region }
  const options = { pace, deadline: pace.now() + 60_000, context }
  const made = await unless(
    ['InvalidGroup.Duplicate'],
    retrying(() => aws.ec2.send(command), { ...options, answers: ['InvalidGroup.Duplicate'] }),
  )
  if (made) return { GroupId: made.GroupId, VpcId: vpc }
  return await findByName(aws, { name, vpc, cluster }, pace)
}

/** It was made by a call whose answer was lost, by a `tm up` at the same time, or by a stranger. */
async function findByName(
  { ec2, region }: Aws,
  { name, vpc, cluster }: { name: string; vpc: string; cluster: string },
  pace: Pace,
): Promise<SecurityGroup> {
  const Filters = [
    { Name: 'group-name', Values: [name] },
    { Name: 'vpc-id', Values: [vpc] },
  ]
  const context = { doing: 'looking for the security group', region }
  const found = await retrying(
    async () => {
      const { SecurityGroups } = await ec2.send(new DescribeSecurityGroupsCommand({ Filters }))
      if (!SecurityGroups?.[0]) throw notVisible(name)
      return SecurityGroups[0]
    },
    { pace, deadline: pace.now() + 60_000, context },
  )
  if (fromTags(found.Tags).get(tagKeys.cluster) === cluster) return found
  const message = `There is a security group ${name} (${found.GroupId}) in ${vpc} that is not tm's`
  throw new TmError('conflict', message, {
    suggestions: ['Take another name: tm up --cluster NAME', 'Or rename or remove that group.'],
  })
}

/** EC2 knows the name but does not show it yet: as if it had said so itself. */
function notVisible(name: string): Error {
  const error = new Error(`The security group '${name}' does not exist`)
  return Object.assign(error, { name: 'InvalidGroup.NotFound', $fault: 'client' })
}

async function apply({ ec2, region }: Aws, id: string, change: Change, pace: Pace): Promise<void> {
  const context = { doing: 'changing the rules of the security group', region }
  const options = { pace, deadline: pace.now() + 60_000, context, answers: overtaken }
  const { add, remove } = change
  if (add.length > 0) {
    const command = new AuthorizeSecurityGroupIngressCommand({ GroupId: id, IpPermissions: add })
    await retrying(() => ec2.send(command), options)
  }
  if (remove.length > 0) {
    const command = new RevokeSecurityGroupIngressCommand({ GroupId: id, IpPermissions: remove })
    await retrying(() => ec2.send(command), options)
  }
}

function otherVpc(cluster: string, { GroupId, VpcId }: SecurityGroup, vpc: string): TmError {
  const message = `Cluster ${cluster} is in ${VpcId} (${GroupId}), and can't move to ${vpc}`
  return new TmError('conflict', message, {
    suggestions: [`Name a subnet of ${VpcId}: --subnet`, 'Or remove it first: tm down'],
  })
}

function noGroup(cluster: string, region: string): TmError {
  return new TmError('not_found', `Cluster ${cluster} has no security group in ${region}`, {
    suggestions: ['Where clusters are: tm list', 'Make it: tm up'],
  })
}
