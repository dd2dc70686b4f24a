/**
 * `tm down --orphans`: removes what `tm list --orphans` has shown, if it still does nothing a minute later.
 * Each thing by its id: what a `tm up` is making in the meantime is not touched.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { TmError } from '../../../core/errors.ts'
import { suggest, tm } from '../../../core/suggestions.ts'
import type { Listing, Orphan } from '../../cluster.ts'
import type { AwsContext } from '../aws/context.ts'
import { failsEveryCall } from '../aws/failure.ts'
import { listRoleNames, removeProfile, removeRole } from '../iam/role-removal.ts'
import { terminateInstances } from '../machines/instances.ts'
import { deleteVolume } from '../machines/volumes.ts'
import { deleteGroup } from '../network/group-removal.ts'
import { type LookOptions, lookInRegions } from './look-in-regions.ts'
import { listOrphans } from './orphans.ts'

/** A cluster without a node twice, so long apart, has none: the lists of EC2 lag by seconds. */
const againMs = 60_000
/** For all of a region: machines take minutes to end, and their groups a moment longer. */
const limitMs = 20 * 60_000
const groupTimeoutMs = 5 * 60_000

export interface OrphanRemoval {
  removed: Orphan[]
  /** What was shown and is still there. */
  remaining: Orphan[]
  problems: TmError[]
  notes: Listing['notes']
}

export interface RemoveOptions extends LookOptions {
  signal: AbortSignal
  /** Replaced in tests. */
  againMs?: number
  now?: () => number
}

export async function removeOrphans(
  options: RemoveOptions,
  shown: Orphan[],
): Promise<OrphanRemoval> {
  await sleep(options.againMs ?? againMs, undefined, { signal: options.signal })
  const answers = await lookInRegions({ limitMs, ...options }, async (aws) => [
    await removeIn(aws, shown, options.now ?? Date.now),
  ])
  const parts = answers.flatMap(({ found }) => found)
  return {
    // Two profiles may be of one account.
    removed: unique(parts.flatMap(({ removed }) => removed)),
    remaining: unique(parts.flatMap(({ remaining }) => remaining)),
    problems: parts.flatMap(({ problems }) => problems),
    notes: answers.flatMap(({ notes }) => notes),
  }
}

/** In one region. What is gone, or of use again, is neither removed nor remaining. */
async function removeIn(
  aws: AwsContext,
  shown: Orphan[],
  now: () => number,
): Promise<Omit<OrphanRemoval, 'notes'>> {
  const list = async () => await listOrphans(aws, listRoleNames(aws), { now: now() })
  const wasShown = new Set(shown.map(keyOf))
  // The last machine of a cluster holds its group and its role: they are orphans once it is gone.
  const clusters = new Set(
    shown
      .filter(({ region, removable }) => removable && region === aws.region)
      .map(({ cluster }) => cluster),
  )
  const removed: Orphan[] = []
  const problems: TmError[] = []
  let failed = new Set<string>()
  const mayGo = (one: Orphan) =>
    isRemovable(one) &&
    !failed.has(keyOf(one)) &&
    (wasShown.has(keyOf(one)) || (one.kind !== 'machine' && clusters.has(one.cluster)))
  for (let round = 0; round < 3; round += 1) {
    const found = (await list()).filter(mayGo).toSorted(byOrder)
    if (found.length === 0) break
    for (const one of found) {
      try {
        await remove(aws, one)
        removed.push(one)
      } catch (error) {
        if (aws.signal?.aborted || !(error instanceof TmError) || failsEveryCall(error)) throw error
        problems.push(error)
        failed = new Set([...failed, keyOf(one)])
      }
    }
  }
  // The lists of AWS still have for a moment what was removed.
  const gone = new Set(removed.map(keyOf))
  const remaining = (await list()).filter(
    (one) => !gone.has(keyOf(one)) && (wasShown.has(keyOf(one)) || failed.has(keyOf(one))),
  )
  return { removed, remaining, problems }
}

/**
 * Not the disk of a node, and no disk beside one: results may be on it. No worker of a node that is only stopped:
 * it may wait for it. Somebody has to name it.
 */
export function isRemovable({ removable, isNode = false }: Orphan): boolean {
  return removable && !isNode
}

async function remove(aws: AwsContext, { kind, id, cluster }: Orphan): Promise<void> {
  if (kind === 'machine') {
    const refused = await terminateInstances(aws, { cluster, instances: [id] })
    const error = refused.get(id)
    if (error) throw error
  } else if (kind === 'disk') await deleteVolume(aws, id)
  else if (kind === 'security group') await removeGroup(aws, id)
  else if (kind === 'instance profile') await removeProfile(aws, cluster)
  else await removeRole(aws, cluster)
}

/** The network interfaces of terminated machines hold it for seconds to minutes. */
async function removeGroup(aws: AwsContext, id: string): Promise<void> {
  const gone = await aws.until(
    async () => ((await deleteGroup(aws, id)) ? true : undefined),
    groupTimeoutMs,
  )
  if (gone) return
  throw new TmError('failed', `Security group ${id} is still in use after 5 minutes`, {
    suggestions: [suggest`Try again: ${tm('down', { orphans: true })}`],
  })
}

/** What holds something goes before it. */
const order = ['machine', 'disk', 'security group', 'instance profile', 'role']
const byOrder = (a: Orphan, b: Orphan) => order.indexOf(a.kind) - order.indexOf(b.kind)

const keyOf = ({ region, kind, id }: Orphan) => `${region} ${kind} ${id}`

const unique = (orphans: Orphan[]) => [...new Map(orphans.map((one) => [keyOf(one), one])).values()]
