/** The way to the internet that AWS gives every default VPC, and moto does not. */
import {
  AttachInternetGatewayCommand,
  CreateInternetGatewayCommand,
  CreateRouteCommand,
  DescribeRouteTablesCommand,
  DescribeVpcsCommand,
} from '@aws-sdk/client-ec2'
import type { Aws } from '../../src/provider/ec2/clients.ts'

export async function openDefaultVpc({ ec2 }: Aws): Promise<void> {
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
