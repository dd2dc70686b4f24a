/**
 * Removes a cluster from AWS: finds everything by tag and removes machines first, then the security
 * group, profile and role. A step that fails stops no other. Needs no file of this machine, and can be
 * killed at any step and run again.
 */

import type { Part, RemovalResult } from '../../cluster.ts'
import { failsEveryCall } from '../aws/failure.ts'
import { roleName } from '../aws/tags.ts'
import { removeProfile, removeRole } from '../iam/role-removal.ts'
import { listInstances, terminateInstances } from '../machines/instances.ts'
import { deleteVolume, listVolumes } from '../machines/volumes.ts'
import { listGroups } from '../network/group.ts'
import { deleteGroup } from '../network/group-removal.ts'
import { type GroupUser, groupInUse, groupUsers } from '../network/group-users.ts'
import type { ClusterContext } from './infrastructure.ts'
import { partsOf } from './parts.ts'
import { createRemovalSteps, type RemovalSteps } from './removal-steps.ts'

/** Network interfaces of terminated machines hold the group for seconds to minutes. */
const groupTimeoutMs = 5 * 60_000
/** After so many looks (7 s), who still uses the group is no machine that EC2 did not list at first. */
const certainAfter = 3
/** EC2 and IAM nearly always show new things after this long. */
const settledMs = 3000

/** Repeats until nothing is found: what a killed `tm up` has just created may appear late. */
export async function removeCluster(context: ClusterContext): Promise<RemovalResult> {
  const { aws, cluster, reporter } = context
  const steps = createRemovalSteps(aws.signal)
  const removed: Part[] = []
  for (let round = 0; round <= 10; round += 1) {
    const found = await removeAll(context, steps)
    removed.push(...found)
    if (round > 0 && found.length === 0) break
    await aws.sleep(settledMs)
  }
  const { parts: remaining, complete } = await reporter.step('checked again', async (note) => {
    const found = await partsOf(context, steps)
    const ids = found.parts.map(({ id }) => id).join(', ')
    note(ids || (found.complete ? 'nothing is left' : 'not everything could be looked up'))
    return found
  })
  // What failed on the way does not matter if it is gone in the end.
  if (remaining.length === 0 && complete) return { cluster, removed, remaining }
  return { cluster, removed, remaining, problems: steps.errors() }
}

async function removeAll(context: ClusterContext, steps: RemovalSteps): Promise<Part[]> {
  const { aws, cluster, reporter } = context
  const id = roleName(aws.region, cluster)
  const removed: Part[] = []
  /** A step that has failed is not repeated in the next round. */
  async function run(step: string, work: () => Promise<Part[]>): Promise<number> {
    const found = steps.hasFailed(step) ? undefined : await steps.attempt(step, work)
    removed.push(...(found ?? []))
    return found?.length ?? 0
  }
  await run('machine', () => removeMachines(context, steps))
  await run('disk', () => removeVolumes(context))
  // Machines that are left hold their group.
  if (!steps.hasFailed('machine')) await run('group', () => removeGroups(context, steps))
  const profiles = await run('profile', async () =>
    (await removeProfile(aws, cluster)) ? [{ id, kind: 'profile' }] : [],
  )
  const roles = await run('role', () => removeNodeRole(context))
  if (profiles + roles > 0) reporter.say(`Removed role and profile ${id}`)
  return removed
}

/** Repeats until none is left: nodes launch workers as long as they run. */
async function removeMachines(
  { aws, cluster, reporter }: ClusterContext,
  steps: RemovalSteps,
): Promise<Part[]> {
  const refused = new Set<string>()
  const find = async () =>
    (await listInstances(aws, { cluster })).filter(
      ({ state, instance }) => state !== 'terminated' && !refused.has(instance),
    )
  const removed = new Map<string, Part>()
  let found = await find()
  if (found.length === 0) return []
  await reporter.step('machines ended', async (note) => {
    // A node that can't be ended may launch workers for ever.
    for (let round = 0; found.length > 0 && round < 20; round += 1) {
      note(found.map(({ id }) => id).join(', '))
      const instances = found.map(({ instance }) => instance)
      const errors = await terminateInstances(aws, { cluster, instances })
      for (const { instance, id, kind } of found) {
        const error = errors.get(instance)
        if (error) {
          refused.add(instance)
          steps.failed(`machine ${instance}`, error)
        } else removed.set(instance, { id, kind })
      }
      found = await find()
    }
    const left = refused.size > 0 ? `; still there: ${[...refused].join(', ')}` : ''
    note([...removed.values()].map(({ id }) => id).join(', ') + left)
  })
  return [...removed.values()]
}

/** Those that did not go with their machine, because somebody has told EC2 to keep them. */
async function removeVolumes({ aws, cluster, reporter }: ClusterContext): Promise<Part[]> {
  const free = (await listVolumes(aws, { cluster })).filter((volume) => volume.free)
  for (const { id } of free) {
    await deleteVolume(aws, id)
    reporter.say(`Removed disk ${id}, which was kept when its machine ended`)
  }
  return free.map(({ id }) => ({ id, kind: 'volume' }))
}

async function removeGroups(context: ClusterContext, steps: RemovalSteps): Promise<Part[]> {
  const { aws, cluster, reporter } = context
  const removed: Part[] = []
  for (const { GroupId = '' } of await listGroups(aws, { cluster })) {
    await reporter.step('security group removed', async (note) => {
      note(GroupId)
      removed.push(...(await removeGroup(context, steps, GroupId, note)))
    })
  }
  return removed
}

/** While the group is in use, a machine may have appeared that was not listed before: removes it. */
async function removeGroup(
  context: ClusterContext,
  steps: RemovalSteps,
  group: string,
  note: (text: string) => void,
): Promise<Part[]> {
  const { aws } = context
  const removed: Part[] = []
  const deadline = aws.now() + groupTimeoutMs
  for (let n = 0; !(await deleteGroup(aws, group)); n += 1) {
    const users = await foreignUsers(context, group)
    const lasting = n >= certainAfter && users.some((user) => user.lasting)
    if (lasting || aws.now() > deadline) throw groupInUse(aws.region, group, users)
    note(`${group}, once its network interfaces are gone`)
    await aws.backoff(n, { firstMs: 1000, maxMs: 8000 })
    removed.push(...(await removeMachines(context, steps)))
    if (steps.hasFailed('machine')) return removed
  }
  note(group)
  return [...removed, { id: group, kind: 'group' }]
}

/** Who uses the group besides the cluster's machines; nobody, if AWS does not say. */
async function foreignUsers({ aws, cluster }: ClusterContext, group: string): Promise<GroupUser[]> {
  try {
    const users = await groupUsers(aws, group)
    const machines = await listInstances(aws, { cluster })
    const own = new Set(machines.map(({ instance }) => instance))
    return users.filter(({ instance }) => instance === undefined || !own.has(instance))
  } catch (error) {
    if (aws.signal?.aborted || failsEveryCall(error)) throw error
    return []
  }
}

async function removeNodeRole({ aws, cluster, reporter }: ClusterContext): Promise<Part[]> {
  const id = roleName(aws.region, cluster)
  const gone = await removeRole(aws, cluster)
  if (!gone) return []
  for (const policy of gone.detached) {
    reporter.say(`Detached ${policy}, which was attached to role ${id} later`)
  }
  return [{ id, kind: 'role' }]
}
