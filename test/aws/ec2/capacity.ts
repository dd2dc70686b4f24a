// Whether EC2 has room: the type in the zone, the account's vCPU quota, addresses in the subnet.
// It answers how many instances fit, and why not more.

import { AwsError } from '../errors.ts'
import type { World } from '../state.ts'
import type { CheckedLaunch } from './launch-checks.ts'
import { freePrivateAddresses, type Subnet } from './network.ts'
import type { InstanceType } from './types.ts'

export interface Placement {
  subnet: Subnet
  count: number
}

/** The first subnet that has room; MinCount of them or none, and as many
 *  as fit up to MaxCount (RunInstances, EC2 API Reference). */
export function place(world: World, launch: CheckedLaunch): Placement {
  const { count: byQuota, refusal: overQuota } = quotaRoom(world, launch)
  if (byQuota < launch.min) throw overQuota
  let refusal: AwsError | undefined
  for (const subnet of launch.subnets) {
    const why = zoneRefusal(world, launch, subnet.zone)
    if (why) {
      refusal ??= why
      continue
    }
    const free = freePrivateAddresses(world.network, subnet).length
    if (free >= launch.min) return { subnet, count: Math.min(launch.max, byQuota, free) }
    refusal ??= new AwsError(
      'InsufficientFreeAddressesInSubnet',
      `There are not enough free addresses in subnet '${subnet.id}' to satisfy the request.`,
    )
  }
  throw refusal ?? new Error('a launch without a subnet got through the checks')
}

export function isOffered(world: World, type: InstanceType, zone: string): boolean {
  return !world.options.notOffered.includes(`${type.name}:${zone}`)
}

function zoneRefusal(world: World, launch: CheckedLaunch, zone: string): AwsError | undefined {
  const { type, spot } = launch
  const offered = world.network.zones.filter((one) => isOffered(world, type, one))
  if (!offered.includes(zone)) {
    return new AwsError(
      'Unsupported',
      `Your requested instance type (${type.name}) is not supported in your requested ` +
        `Availability Zone (${zone}). Please retry your request by not specifying an ` +
        `Availability Zone or choosing ${offered.join(', ')}.`,
    )
  }
  const full = (one: string) =>
    world.noCapacity.has(`${type.name}:${one}`) ||
    (spot !== undefined && world.noCapacity.has(`${type.name}:${one}:spot`))
  if (!full(zone)) return undefined
  const others = offered.filter((one) => !full(one)).join(', ')
  return new AwsError(
    'InsufficientInstanceCapacity',
    `We currently do not have sufficient ${type.name} capacity in the Availability Zone you ` +
      `requested (${zone}). Our system will be working on provisioning additional capacity. You ` +
      `can currently get ${type.name} capacity by not specifying an Availability Zone in your ` +
      `request or choosing ${others}.`,
  )
}

function quotaRoom(world: World, { type, spot }: CheckedLaunch) {
  const { vcpuQuota, spotVcpuQuota } = world.options
  const quota = spot ? spotVcpuQuota : vcpuQuota
  const used = [...world.instances.values()]
    .filter((one) => (one.spotRequestId !== undefined) === (spot !== undefined))
    .filter((one) => countsAgainstQuota(world, one))
    .reduce((sum, one) => sum + one.type.vcpus, 0)
  const refusal = spot
    ? new AwsError('MaxSpotInstanceCountExceeded', 'Max spot instance count exceeded')
    : new AwsError(
        'VcpuLimitExceeded',
        `You have requested more vCPU capacity than your current vCPU limit of ${quota} allows ` +
          'for the instance bucket that the specified instance type belongs to. Please visit ' +
          'http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit.',
      )
  return { count: Math.floor((quota - used) / type.vcpus), refusal }
}

/** Only running instances count, but EC2 takes a while to forget terminated ones. */
function countsAgainstQuota(
  world: World,
  { state, terminatedAt }: { state: string; terminatedAt?: number },
): boolean {
  if (state === 'stopped') return false
  if (state !== 'terminated' || terminatedAt === undefined) return true
  return world.clock.now() < terminatedAt + world.options.delays.quotaLagMs
}
