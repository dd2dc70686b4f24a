// The lists of the stand-in: filters, pages, the network, images and offers.

import {
  DescribeAccountAttributesCommand,
  DescribeAvailabilityZonesCommand,
  DescribeImagesCommand,
  DescribeInstancesCommand,
  DescribeInstanceTypeOfferingsCommand,
  DescribeInstanceTypesCommand,
  DescribeInternetGatewaysCommand,
  DescribeRouteTablesCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
  type Filter,
  paginateDescribeInstances,
  paginateDescribeInstanceTypeOfferings,
} from '@aws-sdk/client-ec2'
import { expect, test } from 'vitest'
import { account, launch, outcome, settled } from '../clients.ts'

test('instances by filter, and in pages', async () => {
  const here = await account()
  const { ec2, clock } = here
  const spec = (kind: string) => ({
    TagSpecifications: [
      { ResourceType: 'instance' as const, Tags: [{ Key: 'tm:kind', Value: kind }] },
    ],
  })
  const worker = await launch(here, { ...spec('worker'), MinCount: 6, MaxCount: 6 })
  const node = await launch(here, { ...spec('node'), ClientToken: 'tm-1' })
  const plain = await launch(here)
  clock.advance(settled)
  const count = async (...filters: [string, ...string[]][]) => {
    const Filters: Filter[] = filters.map(([Name, ...Values]) => ({ Name, Values }))
    const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({ Filters }))
    return Reservations.flatMap(({ Instances = [] }) => Instances).length
  }
  const vpc = here.standin.world.network.vpcs[0]?.id ?? ''
  expect(await count(['tag:tm:kind', 'worker'])).toBe(6)
  expect(await count(['tag:tm:kind', 'worker', 'no*'])).toBe(7)
  expect(await count(['tag-key', 'tm:kind'], ['instance-state-name', 'running'])).toBe(7)
  expect(await count(['instance-id', node, plain])).toBe(2)
  expect(await count(['client-token', 'tm-1'])).toBe(1)
  expect(await count(['vpc-id', vpc])).toBe(8)
  expect(await outcome(count(['tag-kee', 'x']))).toBe('InvalidParameterValue')

  const pages: number[] = []
  for await (const page of paginateDescribeInstances({ client: ec2, pageSize: 5 }, {})) {
    pages.push((page.Reservations ?? []).flatMap(({ Instances = [] }) => Instances).length)
  }
  expect(pages).toEqual([5, 3])
  const odd = { InstanceIds: [worker], MaxResults: 5 }
  expect(await outcome(ec2.send(new DescribeInstancesCommand(odd)))).toBe(
    'InvalidParameterCombination',
  )
  expect(await outcome(ec2.send(new DescribeInstancesCommand({ NextToken: 'x' })))).toBe(
    'InvalidNextToken',
  )
})

test('the network of a default VPC: subnets, a route to the gateway, zones', async () => {
  const { ec2 } = await account()
  const byDefault = { Filters: [{ Name: 'is-default', Values: ['true'] }] }
  const { Vpcs = [] } = await ec2.send(new DescribeVpcsCommand(byDefault))
  const VpcId = Vpcs[0]?.VpcId ?? ''
  const Filters = [{ Name: 'vpc-id', Values: [VpcId] }]
  const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand({ Filters }))
  expect(Subnets.map((one) => one.AvailabilityZone)).toEqual(
    ['a', 'b', 'c'].map((zone) => `us-east-1${zone}`),
  )
  expect(Subnets[0]).toMatchObject({ MapPublicIpOnLaunch: true, AvailableIpAddressCount: 4091 })
  const { RouteTables = [] } = await ec2.send(new DescribeRouteTablesCommand({ Filters }))
  const { InternetGateways = [] } = await ec2.send(new DescribeInternetGatewaysCommand())
  expect(RouteTables[0]?.Routes).toMatchObject([
    { GatewayId: 'local' },
    { DestinationCidrBlock: '0.0.0.0/0', GatewayId: InternetGateways[0]?.InternetGatewayId },
  ])
  expect(RouteTables[0]?.Associations).toMatchObject([{ Main: true }])
  const { AvailabilityZones } = await ec2.send(new DescribeAvailabilityZonesCommand())
  expect(AvailabilityZones?.[0]).toMatchObject({ ZoneName: 'us-east-1a', ZoneId: 'use1-az1' })
  const attributes = await ec2.send(new DescribeAccountAttributesCommand())
  expect(attributes.AccountAttributes).toContainEqual({
    AttributeName: 'default-vpc',
    AttributeValues: [{ AttributeValue: VpcId }],
  })
})

test('images by owner and name pattern, with minimal ones and impostors', async () => {
  const { ec2 } = await account()
  const newest = async (pattern: string, Owners?: string[]) => {
    const Filters = [
      { Name: 'name', Values: [pattern] },
      { Name: 'architecture', Values: ['arm64'] },
      { Name: 'state', Values: ['available'] },
    ]
    const { Images = [] } = await ec2.send(new DescribeImagesCommand({ Owners, Filters }))
    Images.sort((a, b) => (b.CreationDate ?? '').localeCompare(a.CreationDate ?? ''))
    return Images[0]
  }
  expect((await newest('al2023-ami-2023.*-kernel-*-arm64', ['amazon']))?.Name).toBe(
    'al2023-ami-2023.12.20261105.0-kernel-6.1-arm64',
  )
  expect((await newest('al2023-ami-*', ['amazon']))?.Name).not.toContain('ami-2023')
  expect((await newest('al2023-ami-2023.*-arm64'))?.OwnerId).toBe('666666666666')
  expect(await newest('al2023-ami-2023.*-arm64', ['self'])).toBeUndefined()
  expect((await newest('al2023-ami-2023.*-arm64', ['amazon']))?.RootDeviceName).toBe('/dev/xvda')
})

test('types, and what is offered where, in pages', async () => {
  const { ec2 } = await account({ notOffered: ['t4g.small:us-east-1b'] })
  const { InstanceTypes } = await ec2.send(
    new DescribeInstanceTypesCommand({ InstanceTypes: ['t4g.small'] }),
  )
  expect(InstanceTypes).toMatchObject([
    {
      VCpuInfo: { DefaultVCpus: 2 },
      MemoryInfo: { SizeInMiB: 2048 },
      ProcessorInfo: { SupportedArchitectures: ['arm64'] },
    },
  ])
  const none = { InstanceTypes: ['t9.huge' as 't4g.small'] }
  expect(await outcome(ec2.send(new DescribeInstanceTypesCommand(none)))).toBe(
    'InvalidInstanceType',
  )
  const Filters = [{ Name: 'instance-type', Values: ['t4g.*'] }]
  const asked = { LocationType: 'availability-zone' as const, Filters }
  const places: string[] = []
  let pages = 0
  const offers = paginateDescribeInstanceTypeOfferings({ client: ec2, pageSize: 8 }, asked)
  for await (const page of offers) {
    pages += 1
    for (const one of page.InstanceTypeOfferings ?? []) {
      if (one.InstanceType === 't4g.small') places.push(one.Location ?? '')
    }
  }
  expect([pages, places]).toEqual([3, ['us-east-1a', 'us-east-1c']])
  const inRegion = await ec2.send(new DescribeInstanceTypeOfferingsCommand({ Filters }))
  expect(inRegion.InstanceTypeOfferings).toHaveLength(7)
})
