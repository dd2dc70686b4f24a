/**
 * What keeps a security group from being removed: network interfaces in it, and rules of other groups
 * that name it. Each with the command that takes it away.
 */
import {
  DescribeNetworkInterfacesCommand,
  DescribeSecurityGroupRulesCommand,
  DescribeSecurityGroupsCommand,
  type NetworkInterface,
  type SecurityGroupRule,
} from '@aws-sdk/client-ec2'
import { TmError } from '../../../core/errors.ts'
import { suggest, tm } from '../../../core/suggestions.ts'
import type { AwsContext } from '../aws/context.ts'

export interface GroupUser {
  what: string
  /** The instance that an interface is attached to. */
  instance?: string
  /** Whether it stays unless somebody removes it. Interfaces that are attached to nothing may be about to go. */
  lasting: boolean
  fix: string
}

const doing = 'looking up what uses the security group'

export async function groupUsers(aws: AwsContext, group: string): Promise<GroupUser[]> {
  const interfaces = await aws.list(
    (NextToken) =>
      new DescribeNetworkInterfacesCommand({ Filters: filter('group-id', [group]), NextToken }),
    ({ NetworkInterfaces }) => NetworkInterfaces,
    { doing },
  )
  const rules = await rulesNaming(aws, group)
  return [
    ...interfaces.map((one) => interfaceUser(aws.region, one)),
    ...rules.map((one) => ruleUser(aws.region, one)),
  ]
}

/** EC2 can't search rules by the group that they name, only groups that have such a rule. */
async function rulesNaming(aws: AwsContext, group: string): Promise<SecurityGroupRule[]> {
  const groups = await Promise.all(
    ['ip-permission.group-id', 'egress.ip-permission.group-id'].map((name) =>
      aws.list(
        (NextToken) =>
          new DescribeSecurityGroupsCommand({ Filters: filter(name, [group]), NextToken }),
        ({ SecurityGroups }) => SecurityGroups,
        { doing },
      ),
    ),
  )
  const others = new Set(groups.flat().flatMap(({ GroupId }) => GroupId ?? []))
  others.delete(group)
  if (others.size === 0) return []
  const Filters = filter('group-id', [...others])
  const rules = await aws.list(
    (NextToken) => new DescribeSecurityGroupRulesCommand({ Filters, NextToken }),
    ({ SecurityGroupRules }) => SecurityGroupRules,
    { doing },
  )
  return rules.filter(({ ReferencedGroupInfo }) => ReferencedGroupInfo?.GroupId === group)
}

function filter(Name: string, Values: string[]) {
  return [{ Name, Values }]
}

function interfaceUser(region: string, one: NetworkInterface): GroupUser {
  const { NetworkInterfaceId: id = '', Attachment, Description, RequesterManaged } = one
  const what = `network interface ${id}`
  const instance = Attachment?.InstanceId
  const command = (words: string) =>
    `aws ec2 ${words} --region ${region} --network-interface-id ${id}`
  if (instance) {
    return {
      what: `${what} of ${instance}`,
      instance,
      lasting: true,
      fix: `Give it another group: ${command('modify-network-interface-attribute --groups sg-…')}`,
    }
  }
  if (RequesterManaged || Attachment?.AttachmentId) {
    const owner = Description ? ` (${Description})` : ''
    return { what: what + owner, lasting: true, fix: `Remove what owns ${id}${owner}` }
  }
  const fix = `Remove it: ${command('delete-network-interface')}`
  return { what, lasting: false, fix }
}

function ruleUser(region: string, rule: SecurityGroupRule): GroupUser {
  const { SecurityGroupRuleId: id = '', GroupId = '', IsEgress } = rule
  const direction = IsEgress ? 'egress' : 'ingress'
  return {
    what: `rule ${id} of ${GroupId}`,
    lasting: true,
    fix: `Revoke it: aws ec2 revoke-security-group-${direction} --region ${region} --group-id ${GroupId} --security-group-rule-ids ${id}`,
  }
}

export function groupInUse(region: string, group: string, users: GroupUser[]): TmError {
  const which = users.map(({ what }) => what).join(', ')
  const look = `See what uses it: aws ec2 describe-network-interfaces --region ${region} --filters Name=group-id,Values=${group}`
  return new TmError(
    'failed',
    `Security group ${group} stays: it is used by ${which || 'something that does not belong to tm'}`,
    {
      suggestions: [
        ...(users.length > 0 ? users.map(({ fix }) => fix) : [look]),
        suggest`Then: ${tm('down')}`,
      ],
    },
  )
}
