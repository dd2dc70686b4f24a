// Launches that are refused, and in whose words; room by quota, zone and subnet.

import type { RunInstancesCommandInput } from '@aws-sdk/client-ec2'
import { describe, expect, test } from 'vitest'
import { account, launch, outcome, profile, refusal } from '../clients.ts'
import { defaultVpc } from '../options.ts'

test('MinCount and MaxCount: as many as the quota lets through, all with the profile', async () => {
  const here = await account({ vcpuQuota: 6 })
  await profile(here, 'tm-node', [])
  const many = { MinCount: 2, MaxCount: 9, IamInstanceProfile: { Name: 'tm-node' } }
  await launch(here, many)
  expect(here.standin.instances().map((one) => one.profile?.name)).toEqual(Array(3).fill('tm-node'))
  const error = await refusal(launch(here, { MinCount: 1, MaxCount: 1 }))
  expect(error.name).toBe('VcpuLimitExceeded')
  expect(error.message).toContain('current vCPU limit of 6')
})

test('terminated instances count against the quota for a while', async () => {
  const here = await account({ vcpuQuota: 2, delays: { quotaLagMs: 1_000, shuttingDownMs: 100 } })
  const id = await launch(here, { InstanceInitiatedShutdownBehavior: 'terminate' })
  here.standin.shutdown(id)
  here.clock.advance(500)
  expect(await outcome(launch(here))).toBe('VcpuLimitExceeded')
  here.clock.advance(1_000)
  expect(await outcome(launch(here))).toBe('ok')
})

describe('refused', () => {
  const bytes = (count: number) => Buffer.alloc(count, 'x').toString('base64')
  const rows: [string, Partial<RunInstancesCommandInput>, string][] = [
    ['user data over 16 KB', { UserData: bytes(16_385) }, 'InvalidParameterValue'],
    ['user data not base64', { UserData: '#!/bin/sh' }, 'InvalidUserData.Malformed'],
    ['x86 type, arm image', { InstanceType: 't3.small' }, 'InvalidParameterValue'],
    ['no such type', { InstanceType: 't9.huge' as 't3.small' }, 'InvalidParameterValue'],
    ['no such image', { ImageId: 'ami-0123456789abcdef0' }, 'InvalidAMIID.NotFound'],
    ['no such subnet', { SubnetId: 'subnet-0123456789abcdef0' }, 'InvalidSubnetID.NotFound'],
    ['no such group', { SecurityGroupIds: ['sg-0123456789abcdef0'] }, 'InvalidGroup.NotFound'],
    ['no such key pair', { KeyName: 'mine' }, 'InvalidKeyPair.NotFound'],
    ['count', { MinCount: 2, MaxCount: 1 }, 'InvalidParameterValue'],
    [
      'subnet twice',
      { SubnetId: 'subnet-1', NetworkInterfaces: [{ DeviceIndex: 0 }] },
      'InvalidParameterCombination',
    ],
    ['reserved tag', { TagSpecifications: [reserved] }, 'InvalidParameterValue'],
  ]

  test.each(rows)('%s', async (_, input, code) => {
    const here = await account()
    expect(await outcome(launch(here, input))).toBe(code)
    expect(here.standin.leftovers()).toEqual([])
  })

  test('exactly 16 KB are fine', async () => {
    expect(await outcome(launch(await account(), { UserData: bytes(16_384) }))).toBe('ok')
  })

  test('without a default VPC', async () => {
    const none = await account({ vpcs: [] })
    expect(await outcome(launch(none))).toBe('VPCIdNotSpecified')
    const other = await account({ vpcs: [{ ...defaultVpc('us-east-1', 'a'), isDefault: false }] })
    expect(await outcome(launch(other))).toBe('VPCIdNotSpecified')
    const SubnetId = other.standin.world.network.subnets[0]?.id
    expect(await outcome(launch(other, { SubnetId }))).toBe('ok')
  })
})

const reserved = { ResourceType: 'instance' as const, Tags: [{ Key: 'aws:x', Value: '1' }] }

test('capacity and offers are by type and zone; free addresses by subnet', async () => {
  const small = { zone: 'us-east-1a', cidr: '10.0.0.0/29', publicAddresses: false }
  const here = await account({
    notOffered: ['t4g.nano:us-east-1b'],
    vpcs: [
      defaultVpc('us-east-1', 'abc'),
      { cidr: '10.0.0.0/16', isDefault: false, internet: false, subnets: [small] },
    ],
  })
  const { standin } = here
  const [a, b, c, tiny] = standin.world.network.subnets.map(({ id }) => id)
  standin.setCapacity('t4g.small:us-east-1a', false)
  const error = await refusal(launch(here, { SubnetId: a }))
  expect([error.name, error.$metadata.httpStatusCode]).toEqual([
    'InsufficientInstanceCapacity',
    500,
  ])
  expect(error.message).toContain('choosing us-east-1b, us-east-1c')
  expect(await outcome(launch(here, { SubnetId: b }))).toBe('ok')
  await launch(here)
  expect(standin.instances().map(({ zone }) => zone)).toEqual(['us-east-1b', 'us-east-1b'])
  expect(await outcome(launch(here, { SubnetId: b, InstanceType: 't4g.nano' }))).toBe('Unsupported')
  expect(await outcome(launch(here, { SubnetId: c, InstanceType: 't4g.nano' }))).toBe('ok')
  standin.setCapacity('t4g.small:us-east-1a', true)
  // A /29 has 8 addresses, and AWS keeps 5.
  const four = { SubnetId: tiny, MinCount: 4, MaxCount: 4 }
  expect(await outcome(launch(here, four))).toBe('InsufficientFreeAddressesInSubnet')
  expect(await outcome(launch(here, { ...four, MinCount: 3 }))).toBe('ok')
})
