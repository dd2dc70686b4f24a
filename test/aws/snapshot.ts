// An instance as the lab that boots it wants to see it: plain data, in process and as JSON.

import type { Instance, InstanceState, World } from './state.ts'

export interface Snapshot {
  id: string
  state: InstanceState
  type: string
  architecture: string
  imageId: string
  zone: string
  vpcId: string
  subnetId: string
  subnetCidr: string
  privateIp: string
  publicIp?: string
  groupIds: readonly string[]
  /** Base64, as it was sent. */
  userData?: string
  tags: Readonly<Record<string, string>>
  profile?: { name: string; arn: string }
  shutdownBehavior: 'stop' | 'terminate'
  metadata: { tokens: string; hopLimit: number; endpoint: string; tags: string }
  spot: boolean
  /** When the interruption comes, once the notice was given. */
  spotNotice?: string
  launchTime: string
  clientToken?: string
}

export function snapshot(world: World, instance: Instance): Snapshot {
  const { profile, publicIp, userData, spotNotice, clientToken } = instance
  const subnet = world.network.subnets.find(({ id }) => id === instance.subnetId)
  return {
    id: instance.id,
    state: instance.state,
    type: instance.type.name,
    architecture: instance.image.architecture,
    imageId: instance.image.id,
    zone: instance.zone,
    vpcId: instance.vpcId,
    subnetId: instance.subnetId,
    subnetCidr: subnet?.cidr ?? '',
    privateIp: instance.privateIp,
    ...(publicIp !== undefined && { publicIp }),
    groupIds: instance.groupIds,
    ...(userData !== undefined && { userData }),
    tags: Object.fromEntries(instance.tags),
    ...(profile && { profile: { name: profile.name, arn: profile.arn } }),
    shutdownBehavior: instance.shutdownBehavior,
    metadata: instance.metadata,
    spot: instance.spotRequestId !== undefined,
    ...(spotNotice && { spotNotice: spotNotice.toISOString() }),
    launchTime: instance.launchTime.toISOString(),
    ...(clientToken !== undefined && { clientToken }),
  }
}
