/** Jobs that are paused because their tasks fail: what waits in them runs only if somebody says so. */
import type { Task } from '../../api/client.ts'
import { TmError } from '../../core/errors.ts'
import { suggest, tm } from '../../core/suggestions.ts'
import type { NodeLink } from '../../state/cluster-nodes.ts'

export interface PausedJob {
  id: string
  number: number
  reason: string
}

export interface Waiting {
  task: Task
  node: NodeLink
}

/** The paused jobs that hold all of these tasks; undefined if any of them may run. */
export async function pausedJobsOf(waiting: Waiting[]): Promise<PausedJob[] | undefined> {
  const held = waiting.flatMap(({ task: { state, job }, node }) =>
    state === 'queued' && job !== undefined ? [{ job, node }] : [],
  )
  if (held.length === 0 || held.length < waiting.length) return undefined
  const jobs = new Map<string, PausedJob>()
  for (const [node, tasks] of Map.groupBy(held, ({ node }) => node)) {
    for (const id of new Set(tasks.map(({ job }) => job))) {
      const job = await node.client.getJob({ params: { id }, timeoutMs: 5000 })
      if (job?.paused === undefined) return undefined
      jobs.set(id, { id, number: job.definition.number, reason: job.paused })
    }
  }
  return [...jobs.values()]
}

export function describePaused({ number, reason }: PausedJob): TmError {
  const name = String(number)
  return new TmError('failed', `Job ${name} is paused: ${reason}`, {
    suggestions: [
      suggest`Go on, also with what failed: ${tm('retry', {}, name)}`,
      suggest`End it: ${tm('cancel', {}, name)}`,
    ],
  })
}
