// Security groups: made, listed, deleted once nothing uses them. Their rules are in `rules.ts`.

import { type Actions, ec2Arn, requestTags, resourceTags } from '../action.ts'
import { AwsError } from '../errors.ts'
import { newId } from '../ids.ts'
import type { Group, Rule, World } from '../state.ts'
import { groupById, noGroup, visibleGroups } from './find.ts'
import { chosen, FILTER, type Fields, filtered, PAGE, paged, tagSet } from './list.ts'
import { renderPermissions } from './permissions.ts'
import { specifiedTags, TAGS } from './tag-rules.ts'

const fields: Fields<Group> = {
  description: ({ description }) => description,
  'group-id': ({ id }) => id,
  'group-name': ({ name }) => name,
  'ip-permission.group-id': ({ rules }) => named(rules.filter(({ egress }) => !egress)),
  'egress.ip-permission.group-id': ({ rules }) => named(rules.filter(({ egress }) => egress)),
  'vpc-id': ({ vpcId }) => vpcId,
}

/** The groups that these rules name. */
function named(rules: readonly Rule[]): string[] {
  return rules.flatMap(({ source }) => ('groupId' in source ? [source.groupId] : []))
}

/** What names and descriptions may hold (CreateSecurityGroup, EC2 API Reference). */
const allowedText = /^[a-zA-Z0-9 ._\-:/()#,@[\]+=&;{}!$*]{1,255}$/

export const groupActions: Actions = {
  CreateSecurityGroup: {
    takes: ['GroupName', 'GroupDescription', 'VpcId', 'DryRun', ...TAGS],
    run({ world, params, allow, dryRun }) {
      const name = params.need('GroupName')
      const description = params.need('GroupDescription')
      const vpcId = params.text('VpcId') ?? world.network.vpcs.find((vpc) => vpc.isDefault)?.id
      const tags = specifiedTags(params, ['security-group']).get('security-group') ?? new Map()
      const arn = ec2Arn(world, 'security-group', '*')
      const keys = requestTags(tags)
      allow('ec2:CreateSecurityGroup', [
        { arn, keys },
        ...(vpcId ? [{ arn: ec2Arn(world, 'vpc', vpcId) }] : []),
      ])
      if (tags.size > 0) {
        const create = { ...keys, 'ec2:CreateAction': 'CreateSecurityGroup' }
        allow('ec2:CreateTags', [{ arn, keys: create }])
      }
      checkNew(world, name, description, vpcId)
      dryRun()
      const group: Group = {
        id: newId('sg'),
        name,
        description,
        vpcId: vpcId ?? '',
        tags,
        rules: [],
        visibleAt: world.clock.now() + world.options.delays.groupLagMs,
      }
      const source = { cidr: '0.0.0.0/0' }
      group.rules.push({ id: newId('sgr'), egress: true, protocol: '-1', source })
      world.groups.set(group.id, group)
      return {
        return: true,
        groupId: group.id,
        tagSet: tagSet(tags),
        securityGroupArn: ec2Arn(world, 'security-group', group.id),
      }
    },
  },

  DescribeSecurityGroups: {
    takes: ['GroupId', 'GroupName', 'DryRun', ...FILTER, ...PAGE],
    run({ world, params, allow, dryRun }) {
      allow('ec2:DescribeSecurityGroups')
      dryRun()
      const missing = ([id = '']: string[]) => noGroup(id)
      const byId = chosen(params.list('GroupId'), visibleGroups(world), ({ id }) => id, missing)
      const named = chosen(params.list('GroupName'), byId, ({ name }) => name, missing)
      const left = filtered(params, named, fields, ({ tags }) => tags)
      const page = paged(world, 'DescribeSecurityGroups', params, left, 5)
      const securityGroupInfo = page.items.map((group) => renderGroup(world, group))
      return { securityGroupInfo, nextToken: page.nextToken }
    },
  },

  DeleteSecurityGroup: {
    takes: ['GroupId', 'DryRun'],
    run({ world, params, allow, dryRun }) {
      const id = params.need('GroupId')
      allow('ec2:DeleteSecurityGroup', [groupResource(world, id)])
      const group = groupById(world, id)
      if (group.name === 'default') {
        throw new AwsError(
          'CannotDelete',
          `the specified group: "${id}" name: "default" cannot be deleted by a user`,
        )
      }
      if (isUsed(world, group)) {
        throw new AwsError('DependencyViolation', `resource ${id} has a dependent object`)
      }
      dryRun()
      world.groups.delete(id)
      return { return: true, groupId: id }
    },
  },
}

export function groupResource(world: World, id: string) {
  const group = world.groups.get(id)
  const vpc = group && ec2Arn(world, 'vpc', group.vpcId)
  const keys = { ...resourceTags(group?.tags), 'ec2:Vpc': vpc, 'ec2:SecurityGroupID': id }
  return { arn: ec2Arn(world, 'security-group', id), keys }
}

function checkNew(
  world: World,
  name: string,
  description: string,
  vpcId: string | undefined,
): void {
  if (!vpcId) throw new AwsError('VPCIdNotSpecified', 'No default VPC for this user')
  if (!world.network.vpcs.some(({ id }) => id === vpcId)) {
    throw new AwsError('InvalidVpcID.NotFound', `The vpc ID '${vpcId}' does not exist`)
  }
  if (!allowedText.test(name) || name.startsWith('sg-')) {
    throw new AwsError(
      'InvalidParameterValue',
      `Value (${name}) for parameter GroupName is invalid.`,
    )
  }
  if (!allowedText.test(description)) {
    throw new AwsError(
      'InvalidParameterValue',
      `Value (${description}) for parameter GroupDescription is invalid.`,
    )
  }
  // Names are taken at once, also while the group is not to be seen yet.
  const taken = [...world.groups.values()].some((one) => one.name === name && one.vpcId === vpcId)
  if (taken) {
    const text = `The security group '${name}' already exists for VPC '${vpcId}'`
    throw new AwsError('InvalidGroup.Duplicate', text)
  }
}

/** By an interface, which outlives its instance a little, or by a rule of another group. */
function isUsed(world: World, { id }: Group): boolean {
  return (
    [...world.interfaces.values()].some(({ groupIds }) => groupIds.includes(id)) ||
    [...world.groups.values()].some(
      (other) =>
        other.id !== id &&
        other.rules.some(({ source }) => 'groupId' in source && source.groupId === id),
    )
  )
}

function renderGroup(world: World, group: Group) {
  const { account } = world.options
  return {
    groupId: group.id,
    groupName: group.name,
    groupDescription: group.description,
    ownerId: account,
    vpcId: group.vpcId,
    securityGroupArn: ec2Arn(world, 'security-group', group.id),
    ipPermissions: renderPermissions(
      account,
      group.rules.filter(({ egress }) => !egress),
    ),
    ipPermissionsEgress: renderPermissions(
      account,
      group.rules.filter(({ egress }) => egress),
    ),
    tagSet: tagSet(group.tags),
  }
}
