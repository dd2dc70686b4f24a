/**
 * A security group that somebody else has made, for `--security-group`: tm neither changes nor removes
 * it. So all that a cluster needs has to be in it already.
 */
import { DescribeSecurityGroupsCommand, type SecurityGroup } from '@aws-sdk/client-ec2'
import { TmError } from '../../../core/errors.ts'
import { type Suggestion, suggest, tm } from '../../../core/suggestions.ts'
import type { AwsContext } from '../aws/context.ts'
import { fromTags, tagKeys } from '../aws/tags.ts'
import { normalizeCidr } from './group-rules.ts'
import { type MissingRule, missingEgress, missingIngress } from './missing-rules.ts'
import type { Network } from './network.ts'

export interface ExistingGroup {
  id: string
  network: Pick<Network, 'vpc' | 'blocks'>
  port: number
  /** Who reaches the nodes from outside. */
  cidrs: string[]
}

/** Throws if a cluster can't run in this group, with the rules that it lacks. */
export async function checkExistingGroup(
  aws: AwsContext,
  { id, network, port, cidrs }: ExistingGroup,
): Promise<void> {
  const found = await aws.call(new DescribeSecurityGroupsCommand({ GroupIds: [id] }), {
    doing: 'looking up the security group',
    answers: ['InvalidGroup.NotFound', 'InvalidGroupId.Malformed'],
  })
  const group = found?.SecurityGroups?.[0]
  if (!group) throw noSuchGroup(id, aws.region)
  const owner = fromTags(group.Tags).get(tagKeys.cluster)
  if (owner !== undefined) throw ofTm(id, owner)
  if (group.VpcId !== network.vpc) throw otherVpc(group, network.vpc)
  const { IpPermissions: incoming = [], IpPermissionsEgress: outgoing = [] } = group
  const needed = { port, cidrs: cidrs.map(normalizeCidr), blocks: network.blocks }
  const missing = [...missingIngress(id, incoming, needed), ...missingEgress(id, outgoing, needed)]
  if (missing.length > 0) throw lacks(id, aws.region, missing)
}

function noSuchGroup(id: string, region: string): TmError {
  return new TmError('not_found', `There is no security group ${id} in ${region}`, {
    suggestions: [`List them: aws ec2 describe-security-groups --region ${region}`],
  })
}

/** It would go with that cluster. */
function ofTm(id: string, owner: string): TmError {
  const message = `Security group ${id} was made by tm for cluster ${owner}, and tm down removes it with that cluster`
  return new TmError('conflict', message, {
    suggestions: [
      'Name a group that tm has not made: --security-group',
      suggest`Or let tm make one: ${tm('up')} without --security-group`,
    ],
  })
}

function otherVpc({ GroupId, VpcId }: SecurityGroup, vpc: string): TmError {
  return new TmError('invalid', `Security group ${GroupId} is in ${VpcId}, the subnets in ${vpc}`, {
    suggestions: [`Name subnets of ${VpcId}: --subnet`, `Or a group of ${vpc}: --security-group`],
  })
}

function lacks(id: string, region: string, missing: MissingRule[]): TmError {
  const list = missing.map(({ direction, peer, port }) =>
    direction === 'ingress' ? `from ${peer} to port ${port}` : `out to ${peer}, port ${port}`,
  )
  const message = `Security group ${id} does not let through what a cluster needs: ${list.join('; ')}`
  return new TmError('conflict', message, {
    suggestions: [
      'tm changes no group that it has not made. Add the rules:',
      ...missing.map((rule) => authorize(id, region, rule)),
      'Or, if you reach the nodes from other addresses: --allow-cidr',
      suggest`Or let tm make a group: ${tm('up')} without --security-group`,
    ],
  })
}

function authorize(id: string, region: string, { direction, peer, port }: MissingRule): Suggestion {
  const ports = `IpProtocol=tcp,FromPort=${port},ToPort=${port}`
  const source = peer.startsWith('sg-')
    ? `UserIdGroupPairs=[{GroupId=${peer}}]`
    : peer.includes(':')
      ? `Ipv6Ranges=[{CidrIpv6=${peer}}]`
      : `IpRanges=[{CidrIp=${peer}}]`
  return `aws ec2 authorize-security-group-${direction} --region ${region} --group-id ${id} --ip-permissions '${ports},${source}'`
}
