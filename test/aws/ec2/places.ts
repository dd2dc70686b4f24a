// Reading the network: VPCs, subnets, route tables and gateways.

import type { Actions } from '../action.ts'
import { AwsError } from '../errors.ts'
import { newId } from '../ids.ts'
import type { World } from '../state.ts'
import { chosen, FILTER, type Fields, filtered, PAGE, paged } from './list.ts'
import { freePrivateAddresses, type RouteTable, type Subnet, type Vpc } from './network.ts'

const vpcFields: Fields<Vpc> = {
  'cidr-block': ({ cidr }) => cidr,
  'is-default': ({ isDefault }) => isDefault,
  isDefault: ({ isDefault }) => isDefault,
  state: () => 'available',
  'vpc-id': ({ id }) => id,
}

const subnetFields: Fields<Subnet> = {
  'availability-zone': ({ zone }) => zone,
  'default-for-az': ({ isDefault }) => isDefault,
  defaultForAz: ({ isDefault }) => isDefault,
  'map-public-ip-on-launch': ({ publicAddresses }) => publicAddresses,
  state: () => 'available',
  'subnet-id': ({ id }) => id,
  'vpc-id': ({ vpcId }) => vpcId,
}

// A subnet without an association uses its VPC's main table, so the filter by `association.subnet-id`
// does not find it, as in AWS.
const routeFields: Fields<RouteTable> = {
  'association.main': ({ main }) => main,
  'association.subnet-id': ({ subnetIds }) => subnetIds,
  'route.gateway-id': ({ gatewayId }) => ['local', ...(gatewayId ? [gatewayId] : [])],
  'route.destination-cidr-block': ({ cidr, gatewayId, natGatewayId }) => [
    cidr,
    ...(gatewayId || natGatewayId ? ['0.0.0.0/0'] : []),
  ],
  'route-table-id': ({ id }) => id,
  'vpc-id': ({ vpcId }) => vpcId,
}

const gatewayFields: Fields<Vpc> = {
  'attachment.state': () => 'available',
  'attachment.vpc-id': ({ id }) => id,
  'internet-gateway-id': ({ gatewayId }) => gatewayId,
}

const untagged = () => new Map<string, string>()

export const placeActions: Actions = {
  DescribeVpcs: {
    takes: ['VpcId', 'DryRun', ...FILTER, ...PAGE],
    run({ world, params, allow, dryRun }) {
      allow('ec2:DescribeVpcs')
      dryRun()
      const missing = absent('InvalidVpcID.NotFound', 'vpc')
      const named = chosen(params.list('VpcId'), world.network.vpcs, ({ id }) => id, missing)
      const left = filtered(params, named, vpcFields, untagged)
      const page = paged(world, 'DescribeVpcs', params, left, 5)
      const vpcSet = page.items.map(({ id, cidr, isDefault }) => ({
        vpcId: id,
        ownerId: world.options.account,
        state: 'available',
        cidrBlock: cidr,
        instanceTenancy: 'default',
        isDefault,
      }))
      return { vpcSet, nextToken: page.nextToken }
    },
  },

  DescribeSubnets: {
    takes: ['SubnetId', 'DryRun', ...FILTER, ...PAGE],
    run({ world, params, allow, dryRun }) {
      allow('ec2:DescribeSubnets')
      dryRun()
      const missing = absent('InvalidSubnetID.NotFound', 'subnet')
      const named = chosen(params.list('SubnetId'), world.network.subnets, ({ id }) => id, missing)
      const left = filtered(params, named, subnetFields, untagged)
      const page = paged(world, 'DescribeSubnets', params, left, 5)
      const subnetSet = page.items.map((subnet) => renderSubnet(world, subnet))
      return { subnetSet, nextToken: page.nextToken }
    },
  },

  DescribeRouteTables: {
    takes: ['RouteTableId', 'DryRun', ...FILTER, ...PAGE],
    run({ world, params, allow, dryRun }) {
      allow('ec2:DescribeRouteTables')
      dryRun()
      const missing = absent('InvalidRouteTableID.NotFound', 'routeTable')
      const ids = params.list('RouteTableId')
      const named = chosen(ids, world.network.routeTables, ({ id }) => id, missing)
      const left = filtered(params, named, routeFields, untagged)
      const page = paged(world, 'DescribeRouteTables', params, left, 5)
      return { routeTableSet: page.items.map(renderRoutes), nextToken: page.nextToken }
    },
  },

  DescribeInternetGateways: {
    takes: ['InternetGatewayId', 'DryRun', ...FILTER, ...PAGE],
    run({ world, params, allow, dryRun }) {
      allow('ec2:DescribeInternetGateways')
      dryRun()
      const all = world.network.vpcs.filter(({ gatewayId }) => gatewayId)
      const missing = absent('InvalidInternetGatewayID.NotFound', 'internetGateway')
      const ids = params.list('InternetGatewayId')
      const named = chosen(ids, all, ({ gatewayId }) => gatewayId ?? '', missing)
      const left = filtered(params, named, gatewayFields, untagged)
      const page = paged(world, 'DescribeInternetGateways', params, left, 5)
      const internetGatewaySet = page.items.map(({ id, gatewayId }) => ({
        internetGatewayId: gatewayId,
        ownerId: world.options.account,
        attachmentSet: [{ vpcId: id, state: 'available' }],
      }))
      return { internetGatewaySet, nextToken: page.nextToken }
    },
  },
}

function absent(code: string, what: string): (ids: string[]) => AwsError {
  return (ids) => new AwsError(code, `The ${what} ID '${ids.join(', ')}' does not exist`)
}

function renderSubnet(world: World, subnet: Subnet) {
  const { account, region } = world.options
  return {
    subnetId: subnet.id,
    subnetArn: `arn:aws:ec2:${region}:${account}:subnet/${subnet.id}`,
    state: 'available',
    ownerId: account,
    vpcId: subnet.vpcId,
    cidrBlock: subnet.cidr,
    availableIpAddressCount: freePrivateAddresses(world.network, subnet).length,
    availabilityZone: subnet.zone,
    defaultForAz: subnet.isDefault,
    mapPublicIpOnLaunch: subnet.publicAddresses,
  }
}

function renderRoutes({ id: routeTableId, vpcId, cidr, main, subnetIds, ...out }: RouteTable) {
  const route = (destinationCidrBlock: string, to: object, origin: string) => ({
    destinationCidrBlock,
    ...to,
    state: 'active',
    origin,
  })
  const { gatewayId, natGatewayId } = out
  const association = (what: object) => ({
    routeTableAssociationId: newId('rtbassoc'),
    routeTableId,
    ...what,
    associationState: { state: 'associated' },
  })
  return {
    routeTableId,
    vpcId,
    routeSet: [
      route(cidr, { gatewayId: 'local' }, 'CreateRouteTable'),
      ...(gatewayId ? [route('0.0.0.0/0', { gatewayId }, 'CreateRoute')] : []),
      ...(natGatewayId ? [route('0.0.0.0/0', { natGatewayId }, 'CreateRoute')] : []),
    ],
    associationSet: main
      ? [association({ main })]
      : subnetIds.map((subnetId) => association({ subnetId, main })),
  }
}
