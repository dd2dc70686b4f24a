// The VPCs, subnets, routes and gateways of the account, and the addresses given out from them.

import { AwsError } from '../errors.ts'
import { newId } from '../ids.ts'
import type { Options } from '../options.ts'

export interface Vpc {
  id: string
  cidr: string
  isDefault: boolean
  gatewayId?: string
}

export interface RouteTable {
  id: string
  vpcId: string
  cidr: string
  main: boolean
  /** Those that are associated with it; the main one serves all others. */
  subnetIds: string[]
  /** Where 0.0.0.0/0 goes. */
  gatewayId?: string
  natGatewayId?: string
}

export interface Subnet {
  id: string
  vpcId: string
  zone: string
  cidr: string
  isDefault: boolean
  publicAddresses: boolean
  nat?: boolean
}

export interface Network {
  vpcs: Vpc[]
  subnets: Subnet[]
  routeTables: RouteTable[]
  zones: string[]
  /** Addresses in use, private and public. */
  taken: Set<string>
}

export function buildNetwork(options: Options): Network {
  const vpcs = options.vpcs.map((spec) => ({
    spec,
    vpc: {
      id: newId('vpc'),
      cidr: spec.cidr,
      isDefault: spec.isDefault,
      ...(spec.internet && { gatewayId: newId('igw') }),
    },
  }))
  const subnets = vpcs.flatMap(({ spec, vpc }) =>
    spec.subnets.map((subnet) => ({
      id: newId('subnet'),
      vpcId: vpc.id,
      isDefault: spec.isDefault,
      ...subnet,
    })),
  )
  return {
    vpcs: vpcs.map(({ vpc }) => vpc),
    subnets,
    routeTables: vpcs.flatMap(({ vpc }) => routeTablesOf(vpc, subnets)),
    zones: [...options.zones].map((letter) => `${options.region}${letter}`),
    taken: new Set(),
  }
}

function routeTablesOf({ id: vpcId, cidr, gatewayId }: Vpc, subnets: Subnet[]): RouteTable[] {
  const place = { vpcId, cidr }
  const main = { id: newId('rtb'), ...place, main: true, subnetIds: [] }
  const closed = subnets.filter((subnet) => subnet.vpcId === vpcId && subnet.nat)
  const subnetIds = closed.map(({ id }) => id)
  return [
    { ...main, ...(gatewayId && { gatewayId }) },
    ...(closed.length > 0
      ? [{ id: newId('rtb'), ...place, main: false, subnetIds, natGatewayId: newId('nat') }]
      : []),
  ]
}

/** AWS keeps the first four addresses of a subnet and the last ("Subnet CIDR blocks"). */
export function freePrivateAddresses(network: Network, subnet: Subnet): string[] {
  return addresses(subnet.cidr)
    .slice(4, -1)
    .filter((address) => !network.taken.has(address))
}

export function takePrivateAddress(network: Network, subnet: Subnet): string {
  const [address] = freePrivateAddresses(network, subnet)
  if (!address) {
    throw new AwsError(
      'InsufficientFreeAddressesInSubnet',
      `There are not enough free addresses in subnet '${subnet.id}' to satisfy the request.`,
    )
  }
  network.taken.add(address)
  return address
}

export function takePublicAddress(network: Network, cidr: string): string {
  const address = addresses(cidr)
    .slice(1, -1)
    .find((one) => !network.taken.has(one))
  if (!address) throw new Error(`the stand-in has no public address left in ${cidr}`)
  network.taken.add(address)
  return address
}

/** A CIDR block as AWS keeps it, host bits cleared; undefined for what is none. */
export function canonicalCidr(cidr: string): string | undefined {
  const [, address = '', length = ''] = /^(\d+(?:\.\d+){3})\/(\d+)$/.exec(cidr) ?? []
  const bytes = address.split('.').map(Number)
  const bits = Number(length)
  if (bytes.length !== 4 || bytes.some((byte) => byte > 255) || bits > 32) return undefined
  const size = 2 ** (32 - bits)
  return `${dotted(Math.floor(toNumber(address) / size) * size)}/${bits}`
}

const listed = new Map<string, readonly string[]>()

function addresses(cidr: string): readonly string[] {
  const known = listed.get(cidr)
  if (known) return known
  const [base = '', length = ''] = (canonicalCidr(cidr) ?? '').split('/')
  const start = toNumber(base)
  const all = Array.from({ length: 2 ** (32 - Number(length)) }, (_, at) => dotted(start + at))
  listed.set(cidr, all)
  return all
}

function toNumber(address: string): number {
  return address.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0)
}

function dotted(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.')
}
