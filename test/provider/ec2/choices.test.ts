/** The choices that need no AWS: network, image, places, rules, prices, requests, intents. */

import { randomBytes } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import type { RouteTable, Subnet } from '@aws-sdk/client-ec2'
import { describe, expect, it } from 'vitest'
import type { Shape } from '../../../src/api/contract/terms.ts'
import { roleName } from '../../../src/provider/ec2/aws/tags.ts'
import { hourlyCost } from '../../../src/provider/ec2/machines/cost.ts'
import { chooseImage } from '../../../src/provider/ec2/machines/image.ts'
import { readInstance } from '../../../src/provider/ec2/machines/instances.ts'
import { createIntents, type Intent } from '../../../src/provider/ec2/machines/intents.ts'
import {
  createFullPlacements,
  type PlacementOptions,
  placements,
  skipFullMs,
} from '../../../src/provider/ec2/machines/placements.ts'
import { estimate, priceOf } from '../../../src/provider/ec2/machines/prices.ts'
import { clientToken, runInput } from '../../../src/provider/ec2/machines/run-input.ts'
import { packUserData } from '../../../src/provider/ec2/machines/user-data.ts'
import { compareRules, normalizeCidr } from '../../../src/provider/ec2/network/group-rules.ts'
import { chooseSubnets } from '../../../src/provider/ec2/network/subnets.ts'

describe('subnets', () => {
  const subnet = (SubnetId: string, AvailabilityZone: string, AvailableIpAddressCount = 100) => ({
    SubnetId,
    AvailabilityZone,
    AvailableIpAddressCount,
    State: 'available' as const,
  })
  const open = { DestinationCidrBlock: '0.0.0.0/0', GatewayId: 'igw-1', State: 'active' as const }
  const main = { Associations: [{ Main: true }], Routes: [open] }
  const nat = { ...main, Routes: [{ ...open, GatewayId: undefined, NatGatewayId: 'nat-1' }] }
  const closed = { Associations: [{ Main: false, SubnetId: 's-private' }], Routes: [] }

  const choose = (candidates: Subnet[], tables: RouteTable[], named = false) =>
    chooseSubnets({ vpc: 'vpc-1', candidates, tables, named })
  const ids = ({ chosen }: ReturnType<typeof choose>) => chosen.map(({ id }) => id)

  it('are the roomiest of each zone, in the order of the zones', () => {
    const all = [
      subnet('s-b', 'us-east-1b'),
      subnet('s-a', 'us-east-1a', 5),
      subnet('s-a2', 'us-east-1a', 50),
    ]
    expect(choose(all, [main])).toEqual({
      chosen: [
        { id: 's-a2', zone: 'us-east-1a' },
        { id: 's-b', zone: 'us-east-1b' },
      ],
      isPublic: true,
    })
  })

  it('have a route to an internet gateway, by their own table or the main one', () => {
    const all = [subnet('s-a', 'us-east-1a'), subnet('s-private', 'us-east-1b')]
    expect(ids(choose(all, [main, closed]))).toEqual(['s-a'])
    expect(() => choose(all, [nat])).toThrow(
      /None of s-a, s-private in vpc-1 has .*internet gateway/,
    )
    const blackhole = { ...main, Routes: [{ ...open, State: 'blackhole' as const }] }
    expect(() => choose(all, [blackhole])).toThrow(/internet gateway/)
  })

  it('may be private if they are named, and have another way out', () => {
    const all = [subnet('s-a', 'us-east-1a'), subnet('s-private', 'us-east-1b')]
    const named = choose(all, [nat], true)
    expect(ids(named)).toEqual(['s-a', 's-private'])
    expect(named.isPublic).toBe(false)
    expect(() => choose(all, [{ ...main, Routes: [] }], true)).toThrow(
      /None of s-a, s-private in vpc-1 has free addresses and a route to the internet, by .* NAT/,
    )
    expect(ids(choose(all, [main, closed], true))).toEqual(['s-a'])
  })

  it('are all public or all private', () => {
    const all = [subnet('s-a', 'us-east-1a'), subnet('s-private', 'us-east-1b')]
    const own = { ...nat, Associations: closed.Associations }
    expect(() => choose(all, [main, own], true)).toThrow(
      's-a leads to an internet gateway and s-private does not',
    )
    expect(ids(choose(all, [main, own]))).toEqual(['s-a'])
  })

  it('are not in a local zone, and not full', () => {
    const all = [subnet('s-l', 'us-east-1-bos-1a'), subnet('s-full', 'us-east-1a', 0)]
    expect(() => choose(all, [main])).toThrow(/None of s-full in/)
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
  const types = [fact('t1', 'a', 'b'), fact('t2', 'b')]
  const shown = (options: Partial<PlacementOptions> = {}) =>
    placements({ types, subnets, spot: false, ...options }).map(
      ({ type, zone, spot }) => type + zone + (spot ? '*' : ''),
    )

  it('are the next zone, then the next type, where the type is offered', () => {
    expect(shown()).toEqual(['t1a', 't1b', 't2b'])
    expect(shown({ zoneOffset: 1 })).toEqual(['t1b', 't1a', 't2b'])
    expect(shown({ zoneOffset: 2 })).toEqual(shown())
  })

  it('of workers are in the zone of their node first, then where the fewest are', () => {
    const three = [...subnets, { id: 's-c', zone: 'c' }]
    const worker = (zone: string) => ({ type: 't1', zone, spot: false })
    const options = { types: [fact('t1', 'a', 'b', 'c')], subnets: three, home: 'b' }
    expect(shown(options)).toEqual(['t1b', 't1a', 't1c'])
    const workers = ['b', 'b', 'a'].map(worker)
    expect(shown({ ...options, workers })).toEqual(['t1b', 't1c', 't1a'])
  })

  it('of spot workers are the pools with the fewest, at home first, then on demand if allowed', () => {
    const options = { types: [fact('t1', 'a', 'b'), fact('t2', 'a', 'b')], spot: true, home: 'b' }
    const picked: string[] = []
    const workers: PlacementOptions['workers'] = []
    for (let n = 0; n < 5; n += 1) {
      const [first] = placements({ subnets, ...options, workers, own: workers })
      if (!first) break
      workers.push(first)
      picked.push(first.type + first.zone)
    }
    expect(picked).toEqual(['t1b', 't2b', 't1a', 't2a', 't1b'])
    expect(shown({ ...options, onDemandFallback: true }).slice(4)).toEqual([
      ...['t1b', 't1a', 't2b', 't2a'],
    ])
  })

  it('are left alone for three minutes when they are full', () => {
    const full = createFullPlacements()
    const only = { types: [fact('t1', 'a', 'b')], subnets, spot: false }
    const [first, second] = placements(only) as [never, never]
    full.add(first, 1000)
    expect(full.has(first, 1000 + skipFullMs - 1)).toBe(true)
    expect(full.has(first, 1000 + skipFullMs)).toBe(false)
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
    expect(normalizeCidr(text)).toBe(cidr)
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
    expect(() => normalizeCidr(text)).toThrow(`"${text}"`)
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
  const place = { type: 'c7g.large', zone: 'us-east-1a', subnet: 'subnet-1', spot: true }

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
      /EC2 allows 16384/,
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
    node: { type: 't4g.small', vcpus: 2, disk: 8 },
    worker: { type: 'c7g.large', vcpus: 2, disk: 8 },
    publicAddresses: 12,
    spot: false,
  }

  it('adds up machines, addresses and disks', () => {
    const { least, most, notes } = estimate(question)
    expect(least).toBeCloseTo(2 * 0.0168 + 2 * 0.005 + (2 * 8 * 0.08) / 730, 4)
    // The CPU credits of the nodes are charged at full load only.
    const credits = 2 * 2 * 0.04
    const machines = 2 * 0.0168 + 10 * 0.0725
    expect(most).toBeCloseTo(machines + credits + 12 * 0.005 + (12 * 8 * 0.08) / 730, 4)
    expect(notes).toEqual([
      expect.stringMatching(/^An estimate from .*us-east-1, .* on \d{4}-\d\d-\d\d/),
      'CPU credits of t4g.small are charged only while the load is above its baseline',
    ])
  })

  it('has the disks that are asked for', () => {
    const node = { ...question.node, disk: 15 }
    const shown = estimate({ ...question, node }).lines.map(({ what, count }) => `${count} ${what}`)
    expect(shown).toEqual([
      '2 node, t4g.small',
      '10 worker, c7g.large',
      '12 public IPv4 address',
      '2 disk of a node, 15 GiB',
      '10 disk of a worker, 8 GiB',
      '2 CPU credits, t4g.small',
    ])
  })

  it('of what runs now leaves out a stopped machine, but not its disk', () => {
    const machine = {
      type: 't4g.small',
      spot: false,
      state: 'running',
      publicAddress: '203.0.113.1',
    }
    const disk = { size: 8 }
    expect(hourlyCost([machine], [disk])).toBeCloseTo(0.0168 + 0.005 + (8 * 0.08) / 730, 4)
    expect(hourlyCost([{ ...machine, state: 'stopped' }], [disk])).toBeCloseTo((8 * 0.08) / 730, 4)
    expect(hourlyCost([{ ...machine, type: 'x9.huge' }], [])).toBeUndefined()
  })

  it('says how far it can be trusted', () => {
    const node = { type: 'x9.huge', vcpus: 2, disk: 8 }
    const asked = { ...question, region: 'eu-west-1', spot: true, node }
    const { least, most, notes } = estimate(asked)
    expect([least, most]).toEqual([undefined, undefined])
    expect(notes.join('\n')).toMatch(/eu-west-1 may differ.*Spot is assumed.*No price.*x9\.huge/s)
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
