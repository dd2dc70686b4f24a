// Everything that the account holds. One plain object of maps: the actions change it, the clock
// moves the instances in it, and nothing else remembers anything.

import { EventEmitter } from 'node:events'
import type { Clock } from './clock.ts'
import type { Image } from './ec2/images.ts'
import { buildNetwork, type Network } from './ec2/network.ts'
import type { InstanceType } from './ec2/types.ts'
import { newId } from './ids.ts'
import { type Key, operatorKey } from './keys.ts'
import type { Options } from './options.ts'
import type { PolicyDocument } from './policy/evaluate.ts'

export type Tags = Map<string, string>

export type InstanceState =
  | 'pending'
  | 'running'
  | 'shutting-down'
  | 'terminated'
  | 'stopping'
  | 'stopped'

export interface Instance {
  id: string
  reservationId: string
  launchIndex: number
  launchTime: Date
  visibleAt: number
  image: Image
  type: InstanceType
  state: InstanceState
  /** Counts the changes of state, so that a transition that was overtaken does nothing. */
  changes: number
  stateReason?: { code: string; message: string }
  transitionReason: string
  zone: string
  subnetId: string
  vpcId: string
  interfaceId: string
  groupIds: readonly string[]
  privateIp: string
  wantsPublicIp: boolean
  publicIp?: string
  userData?: string
  profile?: { name: string; arn: string; id: string }
  tags: Tags
  clientToken?: string
  keyName?: string
  shutdownBehavior: 'stop' | 'terminate'
  /** DisableApiTermination */
  terminationProtected: boolean
  metadata: { tokens: 'optional' | 'required'; hopLimit: number; endpoint: string; tags: string }
  volumeIds: readonly string[]
  spotRequestId?: string
  spotNotice?: Date
  console: string
  terminatedAt?: number
}

export interface Volume {
  id: string
  instanceId: string
  deviceName: string
  size: number
  type: string
  encrypted: boolean
  deleteOnTermination: boolean
  attached: boolean
  tags: Tags
  created: Date
}

export interface Interface {
  id: string
  /** Undefined if it is attached to nothing. */
  instanceId?: string
  subnetId: string
  vpcId: string
  zone: string
  privateIp: string
  groupIds: readonly string[]
  tags: Tags
}

export interface SpotRequest {
  id: string
  instanceId: string
  state: 'active' | 'closed' | 'cancelled'
  status: string
  created: Date
  tags: Tags
}

export interface Rule {
  id: string
  egress: boolean
  protocol: string
  from?: number
  to?: number
  source: { cidr: string } | { cidr6: string } | { groupId: string }
  description?: string
}

export interface Group {
  id: string
  name: string
  description: string
  vpcId: string
  tags: Tags
  rules: Rule[]
  visibleAt: number
}

export interface Role {
  name: string
  id: string
  path: string
  arn: string
  trust: PolicyDocument
  trustText: string
  description?: string
  boundary?: string
  maxSession: number
  tags: Tags
  created: Date
  policies: Map<string, { text: string; document: PolicyDocument; effectiveAt: number }>
  /** Managed policies, by ARN. They give no rights here: no test needs that. */
  attached: Set<string>
}

export interface Profile {
  name: string
  id: string
  path: string
  arn: string
  tags: Tags
  created: Date
  role?: string
  /** When EC2 gets to know the profile, and then the role in it. */
  usableAt: number
  roleUsableAt: number
}

export interface StateChange {
  id: string
  from: InstanceState | undefined
  to: InstanceState
}

export interface World {
  options: Options
  clock: Clock
  events: EventEmitter<{ state: [StateChange]; reboot: [{ id: string }]; notice: [{ id: string }] }>
  network: Network
  instances: Map<string, Instance>
  /** What a ClientToken of RunInstances was used for. */
  launches: Map<string, { request: string; instances: Instance[] }>
  volumes: Map<string, Volume>
  interfaces: Map<string, Interface>
  spotRequests: Map<string, SpotRequest>
  groups: Map<string, Group>
  roles: Map<string, Role>
  profiles: Map<string, Profile>
  keys: Map<string, Key>
  operatorPolicy: PolicyDocument | undefined
  /** `type:zone` (or `type:zone:spot`) for which there is no capacity. */
  noCapacity: Set<string>
}

export function createWorld(options: Options): World {
  const world: World = {
    options,
    clock: options.clock,
    events: new EventEmitter(),
    network: buildNetwork(options),
    instances: new Map(),
    launches: new Map(),
    volumes: new Map(),
    interfaces: new Map(),
    spotRequests: new Map(),
    groups: new Map(),
    roles: new Map(),
    profiles: new Map(),
    keys: new Map(),
    operatorPolicy: options.operatorPolicy,
    noCapacity: new Set(),
  }
  world.keys.set(options.operator.accessKeyId, operatorKey(world))
  for (const vpc of world.network.vpcs) {
    const group = { id: newId('sg'), name: 'default', vpcId: vpc.id, visibleAt: 0 }
    const description = 'default VPC security group'
    const open = { id: newId('sgr'), protocol: '-1' }
    const rules: Rule[] = [
      { ...open, egress: true, source: { cidr: '0.0.0.0/0' } },
      { ...open, id: newId('sgr'), egress: false, source: { groupId: group.id } },
    ]
    world.groups.set(group.id, { ...group, description, rules, tags: new Map() })
  }
  return world
}
