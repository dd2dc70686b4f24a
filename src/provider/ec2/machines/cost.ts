/** What the machines and disks of a cluster cost an hour at this moment. Pure. */
import type { Ec2Machine } from './instances.ts'
import { priceOf, publicAddressPrice, spotShare, volumePrice } from './prices.ts'
import type { Volume } from './volumes.ts'

type Priced = Pick<Ec2Machine, 'type' | 'state' | 'spot' | 'publicAddress'>

/** US dollars; undefined if the price of a type is not known. A stopped machine pays for its disk only. */
export function hourlyCost(
  machines: readonly Priced[],
  volumes: readonly Pick<Volume, 'size'>[],
): number | undefined {
  let total = 0
  for (const { type, state, publicAddress, spot } of machines) {
    if (state === 'stopped') continue
    const price = priceOf(type)
    if (price === undefined) return undefined
    total += price * (spot ? spotShare : 1) + (publicAddress ? publicAddressPrice : 0)
  }
  for (const { size } of volumes) total += size * volumePrice
  return Math.round(total * 10_000) / 10_000
}
