/** Why a job is where it is on one node: how its tasks stand, and what the first that waits waits for. Pure. */

import type { TaskState } from '../task.ts'
import { pluralize } from '../text.ts'
import type { Explanation, TaskFacts } from './facts.ts'
import { factsOfWaiting, whyWaiting } from './waiting.ts'

export interface JobStanding {
  /** Of the job's tasks on this node. */
  counts: Record<TaskState, number>
  /** The first task that waits; undefined if none does. */
  first: TaskFacts | undefined
}

export function explainJob({ counts, first }: JobStanding): Explanation {
  const { queued, running, succeeded, failed, cancelled } = counts
  const facts = {
    running: String(running),
    waiting: String(queued),
    succeeded: String(succeeded),
    failed: String(failed),
    ...(cancelled > 0 ? { cancelled: String(cancelled) } : {}),
  }
  if (first) {
    const reason = whyWaiting(first)
    const { why, because } = reason
    const some = `${pluralize(queued, 'task')} ${queued === 1 ? 'waits' : 'wait'}`
    const more = { ...facts, ...factsOfWaiting(first, reason) }
    return { why, because: `${some}. The first: ${because}`, facts: more }
  }
  if (running > 0) {
    const last = running === 1 ? 'the last task runs' : `the last ${pluralize(running, 'task')} run`
    return { why: 'nothing-waits', because: `no task waits: ${last}`, facts }
  }
  const all = succeeded + failed + cancelled
  if (all === 0) return { why: 'no-tasks', because: 'it has no tasks here', facts }
  const ends = [
    `${succeeded} succeeded`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(cancelled > 0 ? [`${cancelled} cancelled`] : []),
  ].join(', ')
  const why = failed > 0 ? 'failed' : succeeded > 0 ? 'succeeded' : 'cancelled'
  return { why, because: `all of its tasks have ended: ${ends}`, facts }
}
