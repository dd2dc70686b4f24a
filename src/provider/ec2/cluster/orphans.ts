/** What costs money, or lies around, although no node of its cluster runs. */
import type { Orphan } from '../../cluster.ts'
import type { AwsContext } from '../aws/context.ts'
import { failsEveryCall } from '../aws/failure.ts'
import { fromTags, roleName, tagKeys } from '../aws/tags.ts'
import { clustersIn, listRoleNames, type RoleNames } from '../iam/role-removal.ts'
import { hourlyCost } from '../machines/cost.ts'
import { type Ec2Machine, hasProtection, isLeaving, listInstances } from '../machines/instances.ts'
import { volumePrice } from '../machines/prices.ts'
import { listVolumes, type Volume } from '../machines/volumes.ts'
import { listGroups } from '../network/group.ts'

const hoursPerMonth = 730
/**
 * A worker whose nodes are gone powers off after `--lost-after`, 10 minutes unless said. This long after its
 * launch a machine without a node is nobody's.
 */
const aloneAfterMs = 25 * 60_000
const stoppedForMs = 7 * 24 * 3_600_000

interface Found {
  machines: Ec2Machine[]
  volumes: Volume[]
  /** By id, with the cluster. */
  groups: { id: string; cluster: string }[]
  /** Names of clusters. */
  roles: string[]
  profiles: string[]
}

/** `now`: wall-clock milliseconds, as the launches of machines are. */
export async function listOrphans(
  aws: AwsContext,
  roleNames: Promise<RoleNames> = listRoleNames(aws),
  { now = Date.now() }: { now?: number } = {},
): Promise<Orphan[]> {
  const [machines, volumes, groups, names] = await Promise.all([
    listInstances(aws, { live: true }),
    listVolumes(aws, {}),
    listGroups(aws, {}),
    roleNames,
  ])
  const found = {
    machines: machines.filter((machine) => !isLeaving(machine)),
    volumes,
    groups: groups.map(({ GroupId: id = '', Tags }) => {
      return { id, cluster: fromTags(Tags).get(tagKeys.cluster) ?? '' }
    }),
    ...clustersIn(aws.region, names),
  }
  const orphans = orphansOf(found, { region: aws.region, now })
  return await Promise.all(orphans.map((one) => withProtection(aws, one)))
}

/** Termination protection keeps a machine from being ended. Not said where the right to look is missing. */
async function withProtection(aws: AwsContext, orphan: Orphan): Promise<Orphan> {
  if (orphan.kind !== 'machine') return orphan
  const isProtected = await hasProtection(aws, orphan.id).catch((error) => {
    if (aws.signal?.aborted || failsEveryCall(error)) throw error
    return false
  })
  return isProtected ? { ...orphan, why: `${orphan.why}; ${protection}` } : orphan
}

const protection = 'its termination protection is on'

/** `now` in wall-clock milliseconds. */
export function orphansOf(
  { machines, volumes, groups, roles, profiles }: Found,
  { region, now }: { region: string; now: number },
): Orphan[] {
  const nodes = machines.filter(({ kind }) => kind === 'node')
  const hasNode = clustersOf(nodes)
  const hasRunning = clustersOf(nodes.filter(({ state }) => state !== 'stopped'))
  const hasMachine = clustersOf(machines)
  const removable = (cluster: string) => !hasNode.has(cluster)
  const ofCluster = (
    kind: Orphan['kind'],
    cluster: string,
    id = roleName(region, cluster),
  ): Orphan[] =>
    hasMachine.has(cluster)
      ? []
      : [{ kind, id, cluster, region, why: 'its cluster has no machine', removable: true }]
  return [
    ...machines.flatMap((machine) => {
      const why = whyAlone(machine, { isAlone: !hasRunning.has(machine.cluster), now })
      if (why === undefined) return []
      const { cluster, instance: id, launchedAt: since } = machine
      const isNode = machine.kind === 'node' ? { isNode: true } : {}
      const one = { kind: 'machine', id, cluster, region, since, why, ...isNode } as const
      return [{ ...one, ...monthly(hourlyCost([machine], [])), removable: removable(cluster) }]
    }),
    ...volumes
      .filter(({ free }) => free)
      .map(({ id, cluster, size }) => ({
        ...{ kind: 'disk' as const, id, cluster, region, why: 'attached to no machine' },
        ...monthly(size * volumePrice),
        removable: removable(cluster),
      })),
    ...groups.flatMap(({ id, cluster }) => ofCluster('security group', cluster, id)),
    ...roles.flatMap((cluster) => ofCluster('role', cluster)),
    ...profiles.flatMap((cluster) => ofCluster('instance profile', cluster)),
  ]
}

function whyAlone(
  { kind, state, launchedAt }: Ec2Machine,
  { isAlone, now }: { isAlone: boolean; now: number },
): string | undefined {
  const age = now - launchedAt
  if (state === 'stopped' && age > stoppedForMs) return 'stopped; its disk is charged'
  return kind === 'worker' && isAlone && age >= aloneAfterMs
    ? 'no node of its cluster runs'
    : undefined
}

const clustersOf = (machines: Ec2Machine[]) => new Set(machines.map(({ cluster }) => cluster))

const monthly = (hourly: number | undefined) =>
  hourly === undefined ? {} : { monthly: Math.round(hourly * hoursPerMonth * 100) / 100 }
