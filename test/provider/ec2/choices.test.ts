/** The choices that need no AWS: network, image, places, rules, prices, requests, intents. */

import { randomBytes } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { checkCidr, compareRules } from '../../../src/provider/ec2/group-rules.ts'
import { chooseImage } from '../../../src/provider/ec2/image.ts'
import { readInstance } from '../../../src/provider/ec2/instances.ts'
import { createIntents, type Intent } from '../../../src/provider/ec2/intents.ts'
import { chooseSubnets } from '../../../src/provider/ec2/network.ts'
import { createFullPlaces, forgetAfter, placements } from '../../../src/provider/ec2/placements.ts'
import { estimate, priceOf } from '../../../src/provider/ec2/prices.ts'
import { clientToken, runInput, type Shape } from '../../../src/provider/ec2/run-input.ts'
import { roleName } from '../../../src/provider/ec2/tags.ts'
import { packUserData } from '../../../src/provider/ec2/user-data.ts'

describe('subnets', () => {
  const subnet = (SubnetId: string, AvailabilityZone: string, AvailableIpAddressCount = 100) => ({
    SubnetId,
    AvailabilityZone,
    AvailableIpAddressCount,
    State: 'available' as const,
  })
  const open = { DestinationCidrBlock: '0.0.0.0/0', GatewayId: 'igw-1', State: 'active' as const }
  const main = { Associations: [{ Main: true }], Routes: [open] }
  const closed = { Associations: [{ Main: false, SubnetId: 's-private' }], Routes: [] }

  it('are the roomiest of each zone, in the order of the zones', () => {
    const all = [
      subnet('s-b', 'us-east-1b'),
      subnet('s-a', 'us-east-1a', 5),
      subnet('s-a2', 'us-east-1a', 50),
    ]
    expect(chooseSubnets('vpc-1', all, [main])).toEqual([
      { id: 's-a2', zone: 'us-east-1a' },
      { id: 's-b', zone: 'us-east-1b' },
    ])
  })

  it('have a route to an internet gateway, by their own table or the main one', () => {
    const all = [subnet('s-a', 'us-east-1a'), subnet('s-private', 'us-east-1b')]
    expect(chooseSubnets('vpc-1', all, [main, closed]).map(({ id }) => id)).toEqual(['s-a'])
    const nat = { ...main, Routes: [{ ...open, GatewayId: undefined, NatGatewayId: 'nat-1' }] }
    expect(() => chooseSubnets('vpc-1', all, [nat])).toThrow(
      /None of s-a, s-private in vpc-1 has .*internet gateway/,
    )
    const blackhole = { ...main, Routes: [{ ...open, State: 'blackhole' as const }] }
    expect(() => chooseSubnets('vpc-1', all, [blackhole])).toThrow(/internet gateway/)
  })

  it('are not in a local zone, and not full', () => {
    const all = [subnet('s-l', 'us-east-1-bos-1a'), subnet('s-full', 'us-east-1a', 0)]
    expect(() => chooseSubnets('vpc-1', all, [main])).toThrow(/None of s-full in/)
  })
})

describe('the image', () => {
  const image = (
    ImageId: string,
    CreationDate: string,
    Architecture: 'arm64' | 'i386' = 'arm64',
  ) => ({
    ImageId,
    CreationDate,
    Architecture,
    Name: ImageId,
    RootDeviceName: '/dev/xvda',
    BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { VolumeSize: 8 } }],
  })

  it('is the newest that can be booted', () => {
    const all = [
      image('ami-old', '2025-01-01T00:00:00.000Z'),
      image('ami-new', '2025-06-01T00:00:00.000Z'),
      image('ami-other', '2026-01-01T00:00:00.000Z', 'i386'),
      { ...image('ami-failed', '2026-01-01T00:00:00.000Z'), State: 'failed' as const },
    ]
    expect(chooseImage(all)).toMatchObject({ id: 'ami-new', rootDevice: '/dev/xvda', rootSize: 8 })
    expect(chooseImage([])).toBeUndefined()
  })
})

describe('places', () => {
  const fact = (type: string, ...zones: string[]) => ({
    type,
    zones,
    architecture: 'arm64' as const,
    vcpus: 2,
  })
  const subnets = [
    { id: 's-a', zone: 'a' },
    { id: 's-b', zone: 'b' },
  ]
  const shown = (turn?: number) =>
    placements([fact('t1', 'a', 'b'), fact('t2', 'b')], subnets, turn).map(
      ({ type, zone }) => type + zone,
    )

  it('are the next zone, then the next type, where the type is offered', () => {
    expect(shown()).toEqual(['t1a', 't1b', 't2b'])
    expect(shown(1)).toEqual(['t1b', 't1a', 't2b'])
    expect(shown(2)).toEqual(shown(0))
  })

  it('are left alone for three minutes when they are full', () => {
    const full = createFullPlaces()
    const [first, second] = placements([fact('t1', 'a', 'b')], subnets) as [never, never]
    full.add(first, 1000)
    expect(full.has(first, 1000 + forgetAfter - 1)).toBe(true)
    expect(full.has(first, 1000 + forgetAfter)).toBe(false)
    expect(full.has(second, 1000)).toBe(false)
  })
})

describe('the rules of the group', () => {
  const wanted = { port: 8443, cidrs: ['203.0.113.7', '2001:db8::/32'] }
  const { add } = compareRules('sg-1', [], wanted)

  it('are the node port, from the group and from the operator', () => {
    expect(add).toMatchInlineSnapshot(`
      [
        {
          "FromPort": 8443,
          "IpProtocol": "tcp",
          "ToPort": 8443,
          "UserIdGroupPairs": [
            {
              "Description": "tm cluster",
              "GroupId": "sg-1",
            },
          ],
        },
        {
          "FromPort": 8443,
          "IpProtocol": "tcp",
          "IpRanges": [
            {
              "CidrIp": "203.0.113.7/32",
              "Description": "tm operator",
            },
          ],
          "ToPort": 8443,
        },
        {
          "FromPort": 8443,
          "IpProtocol": "tcp",
          "Ipv6Ranges": [
            {
              "CidrIpv6": "2001:db8::/32",
              "Description": "tm operator",
            },
          ],
          "ToPort": 8443,
        },
      ]
    `)
  })

  it('stay as they are when they are right, and lose what is stale or strange', () => {
    expect(compareRules('sg-1', add, wanted)).toMatchObject({ add: [], remove: [] })
    const ssh = { IpProtocol: 'tcp', FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: '0.0.0.0/0' }] }
    const change = compareRules('sg-1', [...add, ssh], { port: 8443, cidrs: ['198.51.100.1'] })
    expect(change.opened).toEqual(['198.51.100.1/32 to port 8443'])
    expect(change.closed).toEqual([
      '203.0.113.7/32 to port 8443',
      '2001:db8::/32 to port 8443',
      '0.0.0.0/0 to port 22',
    ])
  })

  it.each([
    ['203.0.113.7', '203.0.113.7/32'],
    ['10.0.0.0/8', '10.0.0.0/8'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['2001:DB8::1', '2001:db8::1/128'],
  ])('take %s', (text, cidr) => {
    expect(checkCidr(text)).toBe(cidr)
  })

  it.each([
    [''],
    ['home'],
    ['300.1.1.1'],
    ['10.0.0.0/33'],
    ['10.0.0.1/8'],
    ['10.0.0.0/'],
    ['1.2.3'],
  ])('refuse "%s"', (text) => {
    expect(() => checkCidr(text)).toThrow(`"${text}"`)
  })
})

describe('a request for an instance', () => {
  const shape: Shape = {
    types: [{ type: 'c7g.large', architecture: 'arm64', vcpus: 2, zones: ['us-east-1a'] }],
    images: {
      arm64: {
        id: 'ami-1',
        name: 'x',
        architecture: 'arm64',
        rootDevice: '/dev/xvda',
        rootSize: 8,
      },
    },
    subnets: [{ id: 'subnet-1', zone: 'us-east-1a' }],
    group: 'sg-1',
    publicAddress: false,
    spot: true,
    volumeSize: 10,
  }
  const order = { id: 'w1', kind: 'worker' as const, node: 'node-1', shape, bootScript: '' }
  const place = { type: 'c7g.large', zone: 'us-east-1a', subnet: 'subnet-1' }

  it('has everything from its first moment', () => {
    const input = runInput('default', { ...order, userData: 'eA==' }, 2, place)
    expect(input).toMatchSnapshot()
    expect(input.IamInstanceProfile).toBeUndefined()
  })

  it('has a token of at most 64 ASCII characters that only machine and attempt decide', () => {
    const long = clientToken('c'.repeat(40), '0198b2f0-7a50-7000-8000-0123456789ab', 999)
    expect(long).toMatch(/^[!-~]{1,64}$/)
    const tokens = [
      clientToken('a', 'node-1', 0),
      clientToken('a', 'node-1', 1),
      clientToken('a', 'node-2', 0),
      clientToken('b', 'node-1', 0),
      clientToken('a', 'node-10', 0),
    ]
    expect(new Set(tokens).size).toBe(tokens.length)
    expect(clientToken('a', 'node-1', 0)).toBe(tokens[0])
  })

  it('has the boot script gzipped, the same bytes each time, and within the limit', () => {
    const script = '#!/bin/sh\ndnf install -y nodejs24\n'
    const packed = packUserData(script)
    expect(packUserData(script)).toBe(packed)
    expect(gunzipSync(Buffer.from(packed, 'base64')).toString()).toBe(script)
    expect(() => packUserData('x'.repeat(1_000_000))).not.toThrow()
    const random = randomBytes(12_000).toString('hex')
    expect(() => packUserData(random + randomBytes(12_000).toString('hex'))).toThrow(
      /EC2 takes 16384/,
    )
  })

  it('names role and profile within 64 characters', () => {
    expect(roleName('ap-southeast-1', 'c'.repeat(40)).length).toBeLessThanOrEqual(64)
  })
})

it('reads an instance even when tags are missing', () => {
  expect(
    readInstance({ InstanceId: 'i-1', Tags: [{ Key: 'tm:cluster', Value: 'a' }] }),
  ).toMatchObject({ id: 'i-1', kind: 'worker', cluster: 'a', state: 'pending', attempt: 0 })
})

describe('the estimate', () => {
  const question = {
    region: 'us-east-1',
    nodes: 2,
    workers: 10,
    nodeType: 't4g.small',
    workerType: 'c7g.large',
    publicAddresses: 12,
    spot: false,
    volumeSize: 8,
  }

  it('adds up machines, addresses and disks', () => {
    const { least, most, notes } = estimate(question)
    expect(least).toBeCloseTo(2 * 0.0168 + 2 * 0.005 + (2 * 8 * 0.08) / 730, 4)
    expect(most).toBeCloseTo(2 * 0.0168 + 10 * 0.0725 + 12 * 0.005 + (12 * 8 * 0.08) / 730, 4)
    expect(notes).toEqual([expect.stringMatching(/^An estimate: .*us-east-1 of \d{4}-\d\d-\d\d/)])
  })

  it('says how far it can be trusted', () => {
    const asked = { ...question, region: 'eu-west-1', spot: true, nodeType: 'x9.huge' }
    const { least, most, notes } = estimate(asked)
    expect([least, most]).toEqual([undefined, undefined])
    expect(notes.join('\n')).toMatch(/eu-west-1 may differ.*Spot is taken.*No price.*x9\.huge/s)
    expect(priceOf('x9.huge')).toBeUndefined()
  })
})

describe('intents', () => {
  it('are written before, one for a slot, none lost when two begin at once', async () => {
    let kept: Intent[] | undefined
    const intents = createIntents({
      read: async () => kept,
      async write(all) {
        await new Promise((resolve) => setImmediate(resolve))
        kept = all
      },
    })
    await Promise.all([
      intents.begin({ slot: 'node-1', attempt: 0 }),
      intents.begin({ slot: 'node-2', attempt: 0 }),
    ])
    await intents.begin({ slot: 'node-1', attempt: 1 })
    await intents.done('node-1', 'i-1')
    expect(await intents.last('node-1')).toEqual({ slot: 'node-1', attempt: 1, made: 'i-1' })
    expect(await intents.last('node-2')).toEqual({ slot: 'node-2', attempt: 0 })
    expect(await intents.last('node-3')).toBeUndefined()
  })
})
