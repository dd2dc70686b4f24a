/** Networks that moto does not have by itself. */
import {
  AttachInternetGatewayCommand,
  CreateInternetGatewayCommand,
  CreateNatGatewayCommand,
  CreateRouteCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  DescribeRouteTablesCommand,
  DescribeVpcsCommand,
} from '@aws-sdk/client-ec2'
import type { AwsContext } from '../../src/provider/ec2/aws/context.ts'

/** The way to the internet that AWS gives every default VPC. */
export async function openDefaultVpc({ clients: { ec2 } }: AwsContext): Promise<void> {
  const { Vpcs = [] } = await ec2.send(new DescribeVpcsCommand({}))
  const VpcId = Vpcs.find(({ IsDefault }) => IsDefault)?.VpcId as string
  const { InternetGateway } = await ec2.send(new CreateInternetGatewayCommand({}))
  const GatewayId = InternetGateway?.InternetGatewayId as string
  await ec2.send(new AttachInternetGatewayCommand({ InternetGatewayId: GatewayId, VpcId }))
  const Filters = [{ Name: 'vpc-id', Values: [VpcId] }]
  const { RouteTables = [] } = await ec2.send(new DescribeRouteTablesCommand({ Filters }))
  const everywhere = { DestinationCidrBlock: '0.0.0.0/0', GatewayId }
  for (const { RouteTableId } of RouteTables) {
    await ec2.send(new CreateRouteCommand({ RouteTableId, ...everywhere }))
  }
}

/** A subnet of a VPC of its own, whose main table leads to a NAT gateway. */
export async function makePrivateSubnet({ clients: { ec2 } }: AwsContext) {
  const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16' }))
  const VpcId = Vpc?.VpcId ?? ''
  const place = { VpcId, CidrBlock: '10.0.0.0/24', AvailabilityZone: 'us-east-1a' }
  const { Subnet } = await ec2.send(new CreateSubnetCommand(place))
  const SubnetId = Subnet?.SubnetId ?? ''
  const connectivity = { SubnetId, ConnectivityType: 'private' as const }
  const { NatGateway } = await ec2.send(new CreateNatGatewayCommand(connectivity))
  const Filters = [{ Name: 'vpc-id', Values: [VpcId] }]
  const { RouteTables = [] } = await ec2.send(new DescribeRouteTablesCommand({ Filters }))
  const { RouteTableId } = RouteTables[0] ?? {}
  const NatGatewayId = NatGateway?.NatGatewayId
  const route = { RouteTableId, DestinationCidrBlock: '0.0.0.0/0', NatGatewayId }
  await ec2.send(new CreateRouteCommand(route))
  return { vpc: VpcId, subnet: SubnetId }
}
