/** Where machines run: the default VPC, or that of `--subnet`, and one subnet per zone. */

import {
  DescribeRouteTablesCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
  type Subnet as SubnetDescription,
} from '@aws-sdk/client-ec2'
import { TmError } from '../../../core/errors.ts'
import { suggest, tm } from '../../../core/suggestions.ts'
import type { AwsContext } from '../aws/context.ts'
import { chooseSubnets, type Subnet } from './subnets.ts'

export interface Network {
  vpc: string
  /** One per zone, sorted by zone: the same order in every call. */
  subnets: Subnet[]
  /** Whether machines have public addresses. Without, the operator has to reach private ones. */
  isPublic: boolean
  /** The CIDR blocks of these subnets. */
  blocks: string[]
}

const doing = 'looking up the network'

export async function findNetwork(
  aws: AwsContext,
  { subnets }: { subnets?: string[] },
): Promise<Network> {
  const candidates = subnets
    ? await describeSubnets(aws, subnets)
    : await subnetsOf(aws, await defaultVpc(aws))
  const vpc = candidates[0]?.VpcId
  if (vpc === undefined) throw noSubnet(aws.region)
  const Filters = [{ Name: 'vpc-id', Values: [vpc] }]
  const tables = await aws.list(
    (NextToken) => new DescribeRouteTablesCommand({ Filters, NextToken }),
    ({ RouteTables }) => RouteTables,
    { doing },
  )
  const { chosen, isPublic } = chooseSubnets({
    vpc,
    candidates,
    tables,
    named: subnets !== undefined,
  })
  const blocks = candidates.flatMap(({ SubnetId, CidrBlock = [] }) =>
    chosen.some(({ id }) => id === SubnetId) ? CidrBlock : [],
  )
  return { vpc, subnets: chosen, isPublic, blocks }
}

async function defaultVpc(aws: AwsContext): Promise<string> {
  const Filters = [{ Name: 'is-default', Values: ['true'] }]
  const { Vpcs = [] } = await aws.call(new DescribeVpcsCommand({ Filters }), { doing })
  const id = Vpcs[0]?.VpcId
  if (id === undefined) throw noDefaultVpc(aws.region)
  return id
}

async function subnetsOf(aws: AwsContext, vpc: string): Promise<SubnetDescription[]> {
  const Filters = [{ Name: 'vpc-id', Values: [vpc] }]
  return await aws.list(
    (NextToken) => new DescribeSubnetsCommand({ Filters, NextToken }),
    ({ Subnets }) => Subnets,
    { doing },
  )
}

/** A security group belongs to one VPC, and so does a cluster. */
async function describeSubnets(aws: AwsContext, ids: string[]): Promise<SubnetDescription[]> {
  const command = new DescribeSubnetsCommand({ SubnetIds: ids })
  const { Subnets = [] } = await aws.call(command, { doing })
  const vpcs = new Set(Subnets.map(({ VpcId }) => VpcId))
  if (vpcs.size <= 1) return Subnets
  throw new TmError('invalid', `${ids.join(', ')} are in different VPCs: ${[...vpcs].join(', ')}`, {
    suggestions: ['Name subnets of one VPC: --subnet'],
  })
}

const withSubnet = tm('up', { subnet: 'subnet-…' })

function noDefaultVpc(region: string): TmError {
  return new TmError('failed', `There is no default VPC in ${region}`, {
    suggestions: [
      `Create one: aws ec2 create-default-vpc --region ${region}`,
      suggest`Or name a subnet with a route to the internet: ${withSubnet}`,
    ],
  })
}

function noSubnet(region: string): TmError {
  return new TmError('failed', `The default VPC in ${region} has no subnet`, {
    suggestions: [
      `Create one: aws ec2 create-default-subnet --region ${region} --availability-zone ${region}a`,
      suggest`Or use another subnet: ${withSubnet}`,
    ],
  })
}
