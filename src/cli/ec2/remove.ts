/**
 * `tm down` on AWS: finds everything by tag and removes it, machines first, then the security group,
 * profile and role. Needs no file of this machine, and can be killed and run again at any step.
 */
import { TmError } from '../../core/errors.ts'
import { listGroups } from '../../provider/ec2/group.ts'
import { deleteGroup } from '../../provider/ec2/group-removal.ts'
import { endInstances, listInstances } from '../../provider/ec2/instances.ts'
import { backoff } from '../../provider/ec2/pace.ts'
import { listRoles, removeProfile, removeRole } from '../../provider/ec2/role-removal.ts'
import { roleName } from '../../provider/ec2/tags.ts'
import type { Site } from './infrastructure.ts'

export interface Part {
  id: string
  /** node, worker, group, profile or role */
  kind: string
}

export interface RemovalResult {
  cluster: string
  removed: Part[]
  remaining: Part[]
}

/** Network interfaces of ended machines hold the group for seconds to minutes. Milliseconds. */
const groupPatience = 5 * 60_000
/** EC2 and IAM show what was made a moment ago after this long, nearly always. Milliseconds. */
const settled = 3000

/** Looks until a second look finds nothing: a `tm up` that was just killed may leave late guests. */
export async function removeCluster(site: Site): Promise<RemovalResult> {
  const { cluster, pace, reporter } = site
  const removed: Part[] = []
  for (let round = 0; ; round += 1) {
    const found = await removeAll(site)
    removed.push(...found)
    if (round > 0 && found.length === 0) break
    if (round === 10) break
    await pace.sleep(settled, pace.signal)
  }
  const remaining = await reporter.step('looked again', async (note) => {
    const left = await partsOf(site)
    note(left.length === 0 ? 'nothing is left' : left.map(({ id }) => id).join(', '))
    return left
  })
  return { cluster, removed, remaining }
}

/** Everything of the cluster that there is, in the order of its removal. */
export async function partsOf({ aws, cluster, pace }: Site): Promise<Part[]> {
  const [machines, groups, iam] = await Promise.all([
    listInstances(aws, { cluster }, pace),
    listGroups(aws, { cluster }, pace),
    listRoles(aws, pace),
  ])
  const name = roleName(aws.region, cluster)
  return [
    ...machines.filter(({ state }) => state !== 'terminated').map(({ id, kind }) => ({ id, kind })),
    ...groups.map(({ GroupId = '' }) => ({ id: GroupId, kind: 'group' })),
    ...(iam.profiles.includes(cluster) ? [{ id: name, kind: 'profile' }] : []),
    ...(iam.roles.includes(cluster) ? [{ id: name, kind: 'role' }] : []),
  ]
}

async function removeAll(site: Site): Promise<Part[]> {
  const { aws, cluster, pace, reporter } = site
  const name = roleName(aws.region, cluster)
  const removed = await removeMachines(site)
  for (const { GroupId = '' } of await listGroups(aws, { cluster }, pace)) {
    await reporter.step('security group removed', async (note) => {
      note(GroupId)
      removed.push(...(await removeGroup(site, GroupId)))
    })
  }
  const profile = await removeProfile(aws, cluster, pace)
  if (profile) removed.push({ id: name, kind: 'profile' })
  const role = await removeRole(aws, cluster, pace)
  if (role) removed.push({ id: name, kind: 'role' })
  if (profile || role) reporter.say(`Removed role and profile ${name}`)
  return removed
}

/** Until none is left: nodes launch workers as long as they run. */
async function removeMachines({ aws, cluster, pace, reporter }: Site): Promise<Part[]> {
  const find = async () =>
    (await listInstances(aws, { cluster }, pace)).filter(({ state }) => state !== 'terminated')
  const removed = new Map<string, Part>()
  let found = await find()
  if (found.length === 0) return []
  await reporter.step('machines ended', async (note) => {
    while (found.length > 0) {
      note(found.map(({ id }) => id).join(', '))
      await endInstances(aws, { cluster, instances: found.map(({ instance }) => instance) }, pace)
      for (const { instance, id, kind } of found) removed.set(instance, { id, kind })
      found = await find()
    }
    note([...removed.values()].map(({ id }) => id).join(', '))
  })
  return [...removed.values()]
}

/** While something uses it, it may be a machine that was not listed before: looks again each time. */
async function removeGroup(site: Site, group: string): Promise<Part[]> {
  const { aws, pace } = site
  const removed: Part[] = []
  const deadline = pace.now() + groupPatience
  for (let n = 0; !(await deleteGroup(aws, group, pace)); n += 1) {
    if (pace.now() > deadline) throw inUse(group, aws.region)
    await pace.sleep(backoff(n, pace.random(), { first: 1000, most: 8000 }), pace.signal)
    removed.push(...(await removeMachines(site)))
  }
  return [...removed, { id: group, kind: 'group' }]
}

function inUse(group: string, region: string): TmError {
  return new TmError('failed', `Security group ${group} is in use by something that is not tm's`, {
    suggestions: [
      `By what: aws ec2 describe-network-interfaces --region ${region} --filters Name=group-id,Values=${group}`,
      'Take it off, then: tm down',
    ],
  })
}
