/**
 * Which subnets machines run in. Machines install Node from the internet and nodes call AWS, so each
 * subnet needs a way out: an internet gateway, over which nodes are reached too, or in a private subnet
 * a NAT gateway or whatever else its default route leads to. Pure.
 */
import type { RouteTable, Subnet as SubnetDescription } from '@aws-sdk/client-ec2'
import { TmError } from '../../../core/errors.ts'
import { suggest, tm } from '../../../core/suggestions.ts'

export interface Subnet {
  id: string
  zone: string
}

export interface SubnetOptions {
  vpc: string
  candidates: SubnetDescription[]
  /** All route tables of the VPC. */
  tables: RouteTable[]
  /** Whether the user has named them: private subnets are never taken unasked. */
  named: boolean
}

/** Per zone, the subnet with the most free addresses. All are public or all are private. */
export function chooseSubnets({ vpc, candidates, tables, named }: SubnetOptions): {
  chosen: Subnet[]
  isPublic: boolean
} {
  const usable = candidates.filter(
    ({ SubnetId, State, AvailabilityZone = '' }) =>
      SubnetId !== undefined &&
      (State ?? 'available') === 'available' &&
      // us-east-1a, not a local zone such as us-east-1-bos-1a, which offers few types.
      /^[a-z]+(-[a-z]+)+-\d+[a-z]$/.test(AvailabilityZone),
  )
  const withRoom = usable.filter((one) => freeAddresses(one) > 0)
  const leading = (to: Way) =>
    withRoom.filter(({ SubnetId = '' }) => wayOut(SubnetId, tables) === to)
  const open = leading('internet gateway')
  const closed = named ? leading('elsewhere') : []
  if (open.length > 0 && closed.length > 0) throw mixed(open, closed)
  if (open.length + closed.length === 0) throw noWayOut(vpc, usable, named)
  return { chosen: roomiest([...open, ...closed]), isPublic: open.length > 0 }
}

function roomiest(subnets: SubnetDescription[]): Subnet[] {
  const zones = new Map<string, Subnet>()
  const sorted = subnets.toSorted((a, b) => freeAddresses(b) - freeAddresses(a))
  for (const { SubnetId: id = '', AvailabilityZone: zone = '' } of sorted) {
    if (!zones.has(zone)) zones.set(zone, { id, zone })
  }
  return [...zones.values()].sort((a, b) => a.zone.localeCompare(b.zone))
}

function freeAddresses({ AvailableIpAddressCount = 1 }: SubnetDescription): number {
  return AvailableIpAddressCount
}

type Way = 'internet gateway' | 'elsewhere' | undefined

/** A subnet without a route table of its own uses the main table of its VPC (VPC User Guide). */
function wayOut(subnet: string, tables: RouteTable[]): Way {
  const own = tables.find(({ Associations = [] }) =>
    Associations.some(({ SubnetId }) => SubnetId === subnet),
  )
  const main = tables.find(({ Associations = [] }) => Associations.some(({ Main }) => Main))
  const out = ((own ?? main)?.Routes ?? []).find(
    ({ DestinationCidrBlock, State }) =>
      DestinationCidrBlock === '0.0.0.0/0' && State !== 'blackhole',
  )
  if (out === undefined) return undefined
  return out.GatewayId?.startsWith('igw-') ? 'internet gateway' : 'elsewhere'
}

/** Nodes would be reached in two ways, and some not at all from where the user is. */
function mixed(open: SubnetDescription[], closed: SubnetDescription[]): TmError {
  const names = (subnets: SubnetDescription[]) => subnets.map(({ SubnetId }) => SubnetId).join(', ')
  const message = `${names(open)} leads to an internet gateway and ${names(closed)} does not: some nodes would have public addresses, others private ones`
  return new TmError('invalid', message, {
    suggestions: [
      suggest`Public addresses for all: ${tm('up', { subnet: names(open).replaceAll(' ', '') })}`,
      suggest`Private ones, if you reach them by VPN: ${tm('up', { subnet: names(closed).replaceAll(' ', '') })}`,
    ],
  })
}

function noWayOut(vpc: string, checked: SubnetDescription[], named: boolean): TmError {
  const which = checked.map(({ SubnetId }) => SubnetId).join(', ')
  const what = which ? `None of ${which} in ${vpc} has` : `${vpc} has no usable subnet with`
  const route = named
    ? 'a route to the internet, by an internet gateway or a NAT gateway'
    : 'a route to an internet gateway'
  const add =
    'aws ec2 create-route --destination-cidr-block 0.0.0.0/0 --gateway-id igw-… --route-table-id rtb-…'
  return new TmError('failed', `${what} free addresses and ${route}`, {
    suggestions: [
      `Add a route: ${add}`,
      ...(named ? ['In a private subnet, with a NAT gateway: --nat-gateway-id nat-… instead'] : []),
      suggest`Or use another subnet: ${tm('up', { subnet: 'subnet-…' })}`,
    ],
  })
}
