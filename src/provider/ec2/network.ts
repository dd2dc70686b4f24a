/**
 * Where machines go: the default VPC, or the one of `--subnet`, and its subnets that reach the
 * internet, one a zone. They need it for Node from dnf, and nodes to be reached.
 */
import {
  DescribeRouteTablesCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
  type RouteTable,
  type Subnet as SubnetDescription,
} from '@aws-sdk/client-ec2'
import { TmError } from '../../core/errors.ts'
import type { Aws } from './clients.ts'
import { retrying } from './errors.ts'
import type { Pace } from './pace.ts'

export interface Subnet {
  id: string
  zone: string
}

export interface Network {
  vpc: string
  /** One a zone, in the order of the zones: the same order in every look. */
  subnets: Subnet[]
}

/** How long a look may be retried. Milliseconds. */
const patience = 60_000

export async function findNetwork(
  { ec2, region }: Aws,
  { subnet }: { subnet?: string },
  pace: Pace,
): Promise<Network> {
  const context = { doing: 'looking at the network', region }
  const ask = <T>(call: () => Promise<T>) =>
    retrying(call, { pace, deadline: pace.now() + patience, context })

  async function defaultVpc(): Promise<string> {
    const Filters = [{ Name: 'is-default', Values: ['true'] }]
    const { Vpcs = [] } = await ask(() => ec2.send(new DescribeVpcsCommand({ Filters })))
    const id = Vpcs[0]?.VpcId
    if (id === undefined) throw noDefaultVpc(region)
    return id
  }

  async function subnetsOf(vpc: string): Promise<SubnetDescription[]> {
    const Filters = [{ Name: 'vpc-id', Values: [vpc] }]
    return await pages(async (NextToken) => {
      const answer = await ask(() => ec2.send(new DescribeSubnetsCommand({ Filters, NextToken })))
      return { items: answer.Subnets ?? [], next: answer.NextToken }
    })
  }

  async function named(id: string): Promise<SubnetDescription[]> {
    const command = new DescribeSubnetsCommand({ SubnetIds: [id] })
    const { Subnets = [] } = await ask(() => ec2.send(command))
    return Subnets
  }

  const candidates = subnet ? await named(subnet) : await subnetsOf(await defaultVpc())
  const vpc = candidates[0]?.VpcId
  if (vpc === undefined) throw noSubnet(region)
  const tables = await pages(async (NextToken) => {
    const Filters = [{ Name: 'vpc-id', Values: [vpc] }]
    const answer = await ask(() => ec2.send(new DescribeRouteTablesCommand({ Filters, NextToken })))
    return { items: answer.RouteTables ?? [], next: answer.NextToken }
  })
  return { vpc, subnets: chooseSubnets(vpc, candidates, tables) }
}

/** Every item of an answer that comes in pages. */
export async function pages<T>(
  page: (token: string | undefined) => Promise<{ items: T[]; next: string | undefined }>,
): Promise<T[]> {
  const all: T[] = []
  let token: string | undefined
  do {
    const { items, next } = await page(token)
    all.push(...items)
    token = next || undefined
  } while (token !== undefined)
  return all
}

/** Of the subnets with room and a way to the internet the roomiest of each zone. */
export function chooseSubnets(
  vpc: string,
  candidates: SubnetDescription[],
  tables: RouteTable[],
): Subnet[] {
  const usable = candidates.filter(
    ({ SubnetId, State, AvailabilityZone = '' }) =>
      SubnetId !== undefined &&
      (State ?? 'available') === 'available' &&
      // us-east-1a, not the local zone us-east-1-bos-1a, which has few types.
      /^[a-z]+(-[a-z]+)+-\d+[a-z]$/.test(AvailabilityZone),
  )
  const open = usable.filter((one) => reachesInternet(one.SubnetId ?? '', tables) && room(one) > 0)
  if (open.length === 0) throw noWayOut(vpc, usable)
  const byRoom = open.toSorted((a, b) => room(b) - room(a))
  const zones = new Map<string, Subnet>()
  for (const { SubnetId: id = '', AvailabilityZone: zone = '' } of byRoom) {
    if (!zones.has(zone)) zones.set(zone, { id, zone })
  }
  return [...zones.values()].sort((a, b) => a.zone.localeCompare(b.zone))
}

function room({ AvailableIpAddressCount = 1 }: SubnetDescription): number {
  return AvailableIpAddressCount
}

/**
 * By the table that the subnet is associated with, or else by the main table of its VPC (VPC User
 * Guide, Subnet route tables).
 */
function reachesInternet(subnet: string, tables: RouteTable[]): boolean {
  const own = tables.find(({ Associations = [] }) =>
    Associations.some(({ SubnetId }) => SubnetId === subnet),
  )
  const main = tables.find(({ Associations = [] }) => Associations.some(({ Main }) => Main))
  return ((own ?? main)?.Routes ?? []).some(
    ({ DestinationCidrBlock, GatewayId, State }) =>
      DestinationCidrBlock === '0.0.0.0/0' &&
      GatewayId?.startsWith('igw-') &&
      State !== 'blackhole',
  )
}

function noDefaultVpc(region: string): TmError {
  return new TmError('failed', `There is no default VPC in ${region}`, {
    suggestions: [
      `Make one: aws ec2 create-default-vpc --region ${region}`,
      'Or name a subnet with a route to the internet: tm up --subnet subnet-…',
    ],
  })
}

function noSubnet(region: string): TmError {
  return new TmError('failed', `The default VPC in ${region} has no subnet`, {
    suggestions: [
      `Make one in a zone: aws ec2 create-default-subnet --region ${region} --availability-zone ${region}a`,
      'Or name another: tm up --subnet subnet-…',
    ],
  })
}

function noWayOut(vpc: string, looked: SubnetDescription[]): TmError {
  const which = looked.map(({ SubnetId }) => SubnetId).join(', ')
  const what = which ? `None of ${which} in ${vpc} has` : `${vpc} has no usable subnet with`
  return new TmError('failed', `${what} free addresses and a route to an internet gateway`, {
    suggestions: [
      'Add one: aws ec2 create-route --destination-cidr-block 0.0.0.0/0 --gateway-id igw-… --route-table-id rtb-…',
      'Or name another: tm up --subnet subnet-…',
    ],
  })
}
