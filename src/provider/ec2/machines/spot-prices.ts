/** What spot machines cost now, as EC2 says: it knows the price of each type in each zone. */
import { type _InstanceType, DescribeSpotPriceHistoryCommand } from '@aws-sdk/client-ec2'
import { messageOf } from '../../../core/errors.ts'
import type { AwsContext } from '../aws/context.ts'
import { failsEveryCall } from '../aws/failure.ts'

export interface SpotPrices {
  /** US dollars an hour of each type: in the dearest of the zones. */
  hourly: ReadonlyMap<string, number>
  /** When EC2 was asked: wall-clock milliseconds. */
  at: number
  /** Why there are none. */
  problem?: string
}

/** Never an error: without the right to ask, an estimate does. */
export async function askSpotPrices(
  aws: AwsContext,
  { types, zones, at }: { types: string[]; zones: string[]; at: number },
): Promise<SpotPrices> {
  try {
    const found = await aws.list(
      (NextToken) =>
        new DescribeSpotPriceHistoryCommand({
          InstanceTypes: types as _InstanceType[],
          ProductDescriptions: ['Linux/UNIX'],
          // Only those that hold now (EC2 API Reference).
          StartTime: new Date(at),
          NextToken,
        }),
      ({ SpotPriceHistory }) => SpotPriceHistory,
      { doing: 'asking for spot prices' },
    )
    const ours = found.filter(({ AvailabilityZone: zone = '' }) => zones.includes(zone))
    return { at, hourly: dearest(ours) }
  } catch (error) {
    if (aws.signal?.aborted || failsEveryCall(error)) throw error
    return { at, hourly: new Map(), problem: messageOf(error) }
  }
}

function dearest(prices: { InstanceType?: string; SpotPrice?: string }[]): Map<string, number> {
  const hourly = new Map<string, number>()
  for (const { InstanceType: type = '', SpotPrice } of prices) {
    const price = Number(SpotPrice)
    if (price > (hourly.get(type) ?? 0)) hourly.set(type, price)
  }
  return hourly
}
