/** The steps of `tm up` that create what machines need: the security group, role, policy and profile. */

import type { Shape } from '../../../api/contract/terms.ts'
import type { Reporter } from '../../../core/progress.ts'
import type { MachineKind } from '../../provider.ts'
import type { AwsContext } from '../aws/context.ts'
import type { Identity } from '../aws/identity.ts'
import { ensureRole, ensureSpotRole, roleOfProfile } from '../iam/role.ts'
import type { Intents } from '../machines/intents.ts'
import { ensureGroup } from '../network/group.ts'
import type { Survey } from './survey.ts'

export interface ClusterContext {
  aws: AwsContext
  cluster: string
  reporter: Reporter
}

export interface InfrastructureOptions extends ClusterContext {
  survey: Survey
  port: number
  /** The only addresses that may reach the nodes from outside. */
  cidrs: string[]
  intents: Intents
  spot: boolean
  onDemandFallback?: boolean
  /** GiB of a node, and of a worker. */
  volumeSize: number
  workerVolumeSize: number
  boundary?: string
  /** On all that is created, besides those of tm. */
  tags?: Record<string, string>
  /** The account's own key for disks, if that is the default. */
  diskKey?: string
  /** What nodes may launch until they know the new types and images. */
  before?: { types: string[]; images: string[] }
  /** An existing one instead of a role of ours: then PassRole is the only IAM right needed. */
  instanceProfile?: string
  /** An existing one instead of a group of ours; nothing in it is changed. */
  securityGroup?: string
}

export interface Infrastructure {
  identity: Identity
  group: string
  profile: string
  /** The role of the profile; nodes prove who they are with it. */
  role: string
  shapes: Record<MachineKind, Shape>
}

/** Completes what exists; idempotent. */
export async function ensureInfrastructure(
  options: InfrastructureOptions,
): Promise<Infrastructure> {
  const { aws, reporter, spot } = options
  const { identity, network, images, workerImages, nodeTypes, workerTypes } = options.survey
  const group = options.securityGroup ?? (await makeGroup(options))
  const { profile, role } = await reporter.step('role, policy, profile', async (note) => {
    const made = await profileAndRole(options, group)
    if (spot) await ensureSpotRole(aws)
    note(made.profile)
    return made
  })
  const common = {
    subnets: network.subnets,
    group,
    publicAddress: network.isPublic,
    ...(options.tags ? { tags: options.tags } : {}),
  }
  const shapes = {
    node: {
      ...common,
      images,
      volumeSize: options.volumeSize,
      types: nodeTypes,
      profile,
      spot: false,
    },
    worker: {
      ...common,
      images: workerImages,
      volumeSize: options.workerVolumeSize,
      types: workerTypes,
      spot,
      ...(options.onDemandFallback ? { onDemandFallback: true } : {}),
    },
  }
  return { identity, group, profile, role, shapes }
}

async function makeGroup(options: InfrastructureOptions): Promise<string> {
  const { aws, cluster, reporter, intents, port, cidrs, tags = {} } = options
  const { vpc } = options.survey.network
  return await reporter.step('security group', async (note) => {
    await intents.begin({ slot: 'group', attempt: 0 })
    const { id, opened, closed } = await ensureGroup(aws, { cluster, vpc, port, cidrs, tags })
    await intents.done('group', id)
    const changes = [
      ...opened.map((one) => `opened ${one}`),
      ...closed.map((one) => `closed ${one}`),
    ]
    note([id, ...changes].join(', '))
    return id
  })
}

async function profileAndRole(options: InfrastructureOptions, group: string) {
  const { aws, instanceProfile } = options
  if (instanceProfile !== undefined) {
    return { profile: instanceProfile, role: await roleOfProfile(aws, instanceProfile) }
  }
  const name = await makeRole(options, group)
  return { profile: name, role: name }
}

async function makeRole(options: InfrastructureOptions, group: string): Promise<string> {
  const { aws, cluster, intents, boundary, tags, before = { types: [], images: [] } } = options
  const { identity, workerImages, workerTypes } = options.survey
  await intents.begin({ slot: 'role', attempt: 0 })
  const role = {
    cluster,
    identity,
    group,
    images: unique([...Object.values(workerImages).map(({ id }) => id), ...before.images]),
    types: unique([...workerTypes.map(({ type }) => type), ...before.types]),
    tags,
    diskKey: options.diskKey,
    ...(boundary ? { boundary } : {}),
  }
  const name = await ensureRole(aws, role)
  await intents.done('role', name)
  return name
}

function unique(values: string[]): string[] {
  return [...new Set(values)]
}
