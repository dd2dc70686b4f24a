/**
 * Why nothing in a cluster can run although tasks wait: settings under which no worker may start,
 * a setup that fails, or workers without room on their disks.
 */
import type { NodeState } from '../../api/client.ts'
import { effectiveLimit } from '../../core/scaling/plan.ts'
import { describeSetupFailure } from '../../core/setup.ts'
import { type Suggestion, suggest, tm } from '../../core/suggestions.ts'
import { printable } from '../output/terminal.ts'

type Seen = Pick<NodeState, 'queue' | 'workers' | 'limit' | 'paused' | 'failedSetup'>

export interface Blocked {
  reason: string
  fix: Suggestion
}

/** `nodes`: all nodes of the cluster, since a worker takes tasks of every node. */
export function whyBlocked(nodes: Seen[]): Blocked | undefined {
  const waiting = nodes.some(({ queue }) => queue.queued > 0)
  const isWorking = nodes.some(({ queue }) => queue.running > 0)
  if (!waiting || isWorking) return undefined
  const workers = nodes.flatMap((node) => node.workers)
  if (workers.length > 0) return whyIdle(workers)
  if (nodes.every(({ paused }) => paused)) {
    return {
      reason: 'no task can run: every node is draining, and takes none until it restarts',
      fix: suggest`Unless ${tm('down')} runs: ${tm('up')} restarts them`,
    }
  }
  const failed = nodes.flatMap(({ failedSetup }) => failedSetup ?? [])
  const newest = failed.sort((a, b) => b.at - a.at)[0]
  if (newest) return whyUnprepared(newest)
  if (nodes.some(({ limit }) => effectiveLimit(limit) > 0)) return undefined
  return {
    reason: 'no task can run: --max-workers is 0 on every node',
    fix: suggest`Allow workers: ${tm('up', { 'max-workers': 'N' })}`,
  }
}

function whyUnprepared(failed: NonNullable<Seen['failedSetup']>): Blocked {
  return {
    reason: `no worker is ready: ${printable(describeSetupFailure(failed))}`,
    fix: suggest`See its last lines, and what happens next: ${tm('health')}`,
  }
}

/** A worker that has room takes what waits in a moment. */
function whyIdle(workers: Seen['workers']): Blocked | undefined {
  if (workers.some(({ diskFull }) => !diskFull)) return undefined
  return {
    reason: 'no command can run: the disk of every worker is full',
    fix: suggest`Make room there, or see which: ${tm('health')}`,
  }
}
