// Security groups with their rules, and tags.

import {
  AuthorizeSecurityGroupEgressCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  CreateTagsCommand,
  DeleteSecurityGroupCommand,
  DeleteTagsCommand,
  DescribeSecurityGroupRulesCommand,
  DescribeSecurityGroupsCommand,
  DescribeTagsCommand,
  RevokeSecurityGroupIngressCommand,
} from '@aws-sdk/client-ec2'
import { expect, test } from 'vitest'
import { account, group, outcome, refusal } from '../clients.ts'

test('groups: lag, duplicates, rules once each, use by another group', async () => {
  const here = await account({ delays: { groupLagMs: 1_000 } })
  const { ec2, clock } = here
  const create = (GroupName: string) =>
    ec2.send(new CreateSecurityGroupCommand({ GroupName, Description: 'd' }))
  const { GroupId = '' } = await create('tm')
  expect(await outcome(create('tm'))).toBe('InvalidGroup.Duplicate')
  expect(await outcome(create('Größe'))).toBe('InvalidParameterValue')
  const tls = { IpProtocol: 'tcp', FromPort: 443, ToPort: 443 }
  const mine = { ...tls, IpRanges: [{ CidrIp: '198.51.100.7/32', Description: 'operator' }] }
  const self = { ...tls, UserIdGroupPairs: [{ GroupId }] }
  const open = (...IpPermissions: object[]) =>
    ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions }))
  expect(await outcome(open(mine))).toBe('InvalidGroup.NotFound')
  clock.advance(1_000)
  const added = await open(mine, self)
  expect(added.SecurityGroupRules).toHaveLength(2)
  const twice = await refusal(open({ ...mine, IpRanges: [{ CidrIp: '198.51.100.7/32' }] }))
  expect(twice.name).toBe('InvalidPermission.Duplicate')
  expect(twice.message).toContain('peer: 198.51.100.7/32, TCP, from port: 443')
  expect(await outcome(open({ ...tls, IpRanges: [{ CidrIp: '1.2.3/8' }] }))).toBe(
    'InvalidParameterValue',
  )
  const { SecurityGroups } = await ec2.send(
    new DescribeSecurityGroupsCommand({ Filters: [{ Name: 'group-name', Values: ['tm'] }] }),
  )
  expect(SecurityGroups).toMatchObject([
    {
      GroupId,
      IpPermissions: [
        {
          FromPort: 443,
          IpRanges: [{ CidrIp: '198.51.100.7/32', Description: 'operator' }],
          UserIdGroupPairs: [{ GroupId }],
        },
      ],
      IpPermissionsEgress: [{ IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] }],
    },
  ])
  const all = { IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] }
  const egress = { GroupId, IpPermissions: [all] }
  expect(await outcome(ec2.send(new AuthorizeSecurityGroupEgressCommand(egress)))).toBe(
    'InvalidPermission.Duplicate',
  )
  const revoke = { GroupId, IpPermissions: [mine] }
  expect(await outcome(ec2.send(new RevokeSecurityGroupIngressCommand(revoke)))).toBe('ok')
  expect(await outcome(ec2.send(new RevokeSecurityGroupIngressCommand(revoke)))).toBe(
    'InvalidPermission.NotFound',
  )
  const rules = await ec2.send(
    new DescribeSecurityGroupRulesCommand({ Filters: [{ Name: 'group-id', Values: [GroupId] }] }),
  )
  expect(rules.SecurityGroupRules).toHaveLength(2)

  const other = await group(here, 'other')
  const use = { GroupId: other, IpPermissions: [self] }
  await ec2.send(new AuthorizeSecurityGroupIngressCommand(use))
  const remove = (id: string) => outcome(ec2.send(new DeleteSecurityGroupCommand({ GroupId: id })))
  expect(await remove(GroupId)).toBe('DependencyViolation')
  expect(await remove(other)).toBe('ok')
  expect(await remove(GroupId)).toBe('ok')
  expect(await remove(GroupId)).toBe('InvalidGroup.NotFound')
})

test('tags are set, listed and removed', async () => {
  const here = await account()
  const { ec2 } = here
  const sg = await group(here)
  const Resources = [sg]
  await ec2.send(new CreateTagsCommand({ Resources, Tags: [{ Key: 'b', Value: '2' }] }))
  const list = async () => {
    const Filters = [{ Name: 'resource-id', Values: Resources }]
    const { Tags = [] } = await ec2.send(new DescribeTagsCommand({ Filters }))
    return Tags.map(({ Key, Value, ResourceType }) => `${ResourceType} ${Key}=${Value}`)
  }
  expect(await list()).toEqual(['security-group tm:cluster=c', 'security-group b=2'])
  await ec2.send(new DeleteTagsCommand({ Resources, Tags: [{ Key: 'b' }] }))
  expect(await list()).toEqual(['security-group tm:cluster=c'])
  const missing = { Resources: ['i-0123456789abcdef0'], Tags: [{ Key: 'a', Value: '' }] }
  expect(await outcome(ec2.send(new CreateTagsCommand(missing)))).toBe('InvalidInstanceID.NotFound')
})
