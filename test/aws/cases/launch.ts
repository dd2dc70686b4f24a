// Launching instances on the stand-in: what goes through, once, and with what.

import {
  DescribeInstanceAttributeCommand,
  DescribeInstancesCommand,
  DescribeNetworkInterfacesCommand,
  DescribeSpotInstanceRequestsCommand,
  DescribeSubnetsCommand,
  DescribeVolumesCommand,
  RunInstancesCommand,
} from '@aws-sdk/client-ec2'
import {
  AddRoleToInstanceProfileCommand,
  CreateInstanceProfileCommand,
  CreateRoleCommand,
  CreateServiceLinkedRoleCommand,
} from '@aws-sdk/client-iam'
import { expect, test } from 'vitest'
import {
  account,
  group,
  launch,
  launchInput,
  outcome,
  profile,
  refusal,
  settled,
  trustEc2,
} from '../clients.ts'

const tags = (kind: string) => ({
  ResourceType: kind as 'instance',
  Tags: [{ Key: 'tm:cluster', Value: 'c' }],
})

test('gives what was asked for: interface, tags, metadata options, volume', async () => {
  const here = await account()
  const { standin, ec2, clock } = here
  await profile(here, 'tm-node', [])
  const sg = await group(here)
  const subnets = (await ec2.send(new DescribeSubnetsCommand())).Subnets
  const SubnetId = subnets?.[1]?.SubnetId
  const id = await launch(here, {
    UserData: Buffer.from('#!/bin/sh').toString('base64'),
    IamInstanceProfile: { Arn: 'arn:aws:iam::123456789012:instance-profile/tm/tm-node' },
    InstanceInitiatedShutdownBehavior: 'terminate',
    MetadataOptions: { HttpTokens: 'required', HttpPutResponseHopLimit: 1 },
    NetworkInterfaces: [{ DeviceIndex: 0, SubnetId, Groups: [sg], AssociatePublicIpAddress: true }],
    BlockDeviceMappings: [
      { DeviceName: '/dev/xvda', Ebs: { VolumeSize: 12, VolumeType: 'gp3', Encrypted: true } },
    ],
    TagSpecifications: ['instance', 'volume', 'network-interface'].map(tags),
  })
  clock.advance(settled)
  const described = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [id] }))
  const instance = described.Reservations?.[0]?.Instances?.[0]
  expect(instance).toMatchObject({
    InstanceType: 't4g.small',
    Architecture: 'arm64',
    State: { Code: 16, Name: 'running' },
    SubnetId,
    PrivateIpAddress: '172.31.16.4',
    PublicIpAddress: '203.0.113.1',
    SecurityGroups: [{ GroupId: sg, GroupName: 'tm' }],
    IamInstanceProfile: { Arn: 'arn:aws:iam::123456789012:instance-profile/tm/tm-node' },
    MetadataOptions: { HttpTokens: 'required', HttpPutResponseHopLimit: 1, State: 'applied' },
    Tags: [{ Key: 'tm:cluster', Value: 'c' }],
  })
  expect(instance?.LaunchTime).toBeInstanceOf(Date)
  const volumes = (await ec2.send(new DescribeVolumesCommand())).Volumes
  expect(volumes).toMatchObject([{ Size: 12, Encrypted: true, State: 'in-use' }])
  expect(volumes?.[0]?.Tags).toEqual([{ Key: 'tm:cluster', Value: 'c' }])
  const nics = await ec2.send(new DescribeNetworkInterfacesCommand())
  expect(nics.NetworkInterfaces).toMatchObject([{ SubnetId, Groups: [{ GroupId: sg }] }])
  const userData = await ec2.send(
    new DescribeInstanceAttributeCommand({ InstanceId: id, Attribute: 'userData' }),
  )
  expect(Buffer.from(userData.UserData?.Value ?? '', 'base64').toString()).toBe('#!/bin/sh')
  expect(standin.instances()).toMatchObject([
    {
      id,
      state: 'running',
      publicIp: '203.0.113.1',
      subnetCidr: '172.31.16.0/20',
      profile: { name: 'tm-node' },
      shutdownBehavior: 'terminate',
      tags: { 'tm:cluster': 'c' },
    },
  ])
})

test('one ClientToken is one launch, also after termination', async () => {
  const here = await account()
  const { standin, clock } = here
  const ClientToken = 'tm-default-node-1-1'
  const id = await launch(here, { ClientToken })
  expect(await launch(here, { ClientToken })).toBe(id)
  const other = await refusal(launch(here, { ClientToken, InstanceType: 't4g.nano' }))
  expect(other.name).toBe('IdempotentParameterMismatch')
  standin.world.instances.get(id)?.tags.set('later', 'x')
  standin.shutdown(id)
  clock.advance(100_000)
  expect(standin.instances().filter(({ state }) => state === 'running')).toEqual([])
  expect(await launch(here, { ClientToken })).toBe(id)
  expect(await outcome(launch(here, { ClientToken: 'x'.repeat(65) }))).toBe('InvalidParameterValue')
  expect(await launch(here, { ClientToken: 'another' })).not.toBe(id)
})

test('DryRun says that it would have worked, makes nothing and uses no token', async () => {
  const { standin, ec2 } = await account()
  const dry = { ...launchInput(standin), DryRun: true, ClientToken: 't' }
  const error = await refusal(ec2.send(new RunInstancesCommand(dry)))
  expect([error.name, error.$metadata.httpStatusCode]).toEqual(['DryRunOperation', 412])
  expect(standin.leftovers()).toEqual([])
  expect(await outcome(ec2.send(new RunInstancesCommand({ ...dry, DryRun: false })))).toBe('ok')
})

test('a profile is first unknown to EC2, then without its role, then fine', async () => {
  const here = await account({ delays: { profileLagMs: 10_000 } })
  const { iam, clock } = here
  const byName = { IamInstanceProfile: { Name: 'tm-node' } }
  const text = async () => (await refusal(launch(here, byName))).message
  expect(await text()).toContain('Invalid IAM Instance Profile name')
  await iam.send(new CreateRoleCommand({ RoleName: 'r', AssumeRolePolicyDocument: trustEc2 }))
  await iam.send(new CreateInstanceProfileCommand({ InstanceProfileName: 'tm-node' }))
  expect(await text()).toContain('Invalid IAM Instance Profile name')
  clock.advance(5_000)
  const add = { InstanceProfileName: 'tm-node', RoleName: 'r' }
  await iam.send(new AddRoleToInstanceProfileCommand(add))
  clock.advance(6_000)
  expect(await text()).toContain('has no associated IAM Roles')
  clock.advance(5_000)
  expect(await outcome(launch(here, byName))).toBe('ok')
})

test('spot needs its role once, has its own quota, and its requests are tagged', async () => {
  const here = await account({ spotVcpuQuota: 2, vcpuQuota: 2 })
  const { standin, ec2, iam } = here
  const InstanceMarketOptions = { MarketType: 'spot' as const }
  const spot = { InstanceMarketOptions, TagSpecifications: [tags('spot-instances-request')] }
  standin.setOperatorPolicy({
    Version: '2012-10-17',
    Statement: { Effect: 'Allow', Action: 'ec2:*', Resource: '*' },
  })
  expect(await outcome(launch(here, spot))).toBe(
    'AuthFailure.ServiceLinkedRoleCreationNotPermitted',
  )
  standin.setOperatorPolicy(undefined)
  const role = { AWSServiceName: 'spot.amazonaws.com' }
  await iam.send(new CreateServiceLinkedRoleCommand(role))
  expect(await outcome(iam.send(new CreateServiceLinkedRoleCommand(role)))).toBe(
    'InvalidInputException',
  )
  const id = await launch(here, spot)
  expect(await outcome(launch(here, spot))).toBe('MaxSpotInstanceCountExceeded')
  expect(await outcome(launch(here))).toBe('ok')
  const requests = await ec2.send(new DescribeSpotInstanceRequestsCommand())
  expect(requests.SpotInstanceRequests).toMatchObject([{ InstanceId: id, State: 'active' }])
  expect(requests.SpotInstanceRequests?.[0]?.Tags).toHaveLength(1)
})
