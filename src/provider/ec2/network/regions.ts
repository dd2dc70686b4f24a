/** The regions that the account has enabled. */
import { DescribeRegionsCommand } from '@aws-sdk/client-ec2'
import type { AwsContext } from '../aws/context.ts'

export async function enabledRegions(aws: AwsContext): Promise<string[]> {
  const { Regions = [] } = await aws.call(new DescribeRegionsCommand({}), {
    doing: 'listing the regions',
  })
  return Regions.flatMap(({ RegionName }) => RegionName ?? []).sort()
}
