/** Chooses the provider of a cluster, and loads its driver. */

import type { ClusterDriver, UpPlan } from '../../provider/cluster.ts'
import type { Ec2DriverOptions } from '../../provider/ec2/cluster/driver.ts'
import type { Plan } from '../../provider/ec2/cluster/plan.ts'
import { type LocalDriverOptions, localDriver } from '../../provider/local/cluster/driver.ts'
import { isRunning } from '../../provider/local/cluster/machines.ts'
import { locationOf } from '../../state/cluster-location.ts'

export type ProviderName = 'local' | 'ec2'
export type Driver = ClusterDriver<UpPlan & { priced?: Plan }>
export type DriverOptions = LocalDriverOptions & Omit<Ec2DriverOptions, 'signal'>

/** A driver that ends by itself after Ctrl-C asks for the `stopSignal`. */
export async function driverOf(
  provider: ProviderName,
  options: DriverOptions,
  stopSignal: () => AbortSignal,
): Promise<Driver> {
  if (provider === 'local') return localDriver(options)
  // Loaded here: the AWS SDK takes longer to load than everything else together.
  const { ec2Driver } = await import('../../provider/ec2/cluster/driver.ts')
  return ec2Driver({ ...options, signal: stopSignal() })
}

/** The providers to search for a cluster, in this order. */
export async function placesOf({
  state,
  launcher,
  region,
}: Pick<DriverOptions, 'state' | 'launcher' | 'region'>): Promise<ProviderName[]> {
  if (region !== undefined) return ['ec2']
  const known = locationOf(state)
  if (known !== undefined) return [known]
  return (await isRunning(state, launcher)) ? ['local'] : ['ec2', 'local']
}
