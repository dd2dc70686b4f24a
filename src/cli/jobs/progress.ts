/** How far a job is, on all nodes together. */
import type { AnswerOf, Task } from '../../api/client.ts'
import { type TaskState, taskStates } from '../../core/task.ts'
import { askAll, type NodeLink } from '../../state/cluster-nodes.ts'

type NodeProgress = NonNullable<AnswerOf<'getJobProgress'>>
export type RunningTask = NodeProgress['running'][number]

export interface JobProgress {
  counts: Record<TaskState, number>
  /** Oldest first. */
  running: RunningTask[]
  /** The first in the order of their numbers. */
  failed: Task[]
  /** Tasks that end in a second; undefined if none has ended lately. */
  perSecond?: number
  /** Until all have ended, at this rate; undefined if nobody knows. */
  leftMs?: number
  /** Nodes that did not answer. */
  missing: { id: string; why: string }[]
}

/** `limit`: tasks of each sort. */
export async function jobProgress(
  nodes: NodeLink[],
  id: string,
  { limit = 10, timeoutMs = 10_000 } = {},
): Promise<JobProgress> {
  const request = { params: { id }, query: { limit }, timeoutMs }
  const asked = await askAll(nodes, ({ client }) => client.getJobProgress(request))
  // A node that was away when the job came has none of its tasks.
  const known = asked.flatMap((one) => (one.ok && one.value ? [one.value] : []))
  const missing = asked.flatMap((one) => (one.ok ? [] : [{ id: one.node.id, why: one.why }]))
  return { ...together(known, limit), missing }
}

/** Sums what the nodes say. */
export function together(nodes: NodeProgress[], limit: number): Omit<JobProgress, 'missing'> {
  const counts = Object.fromEntries(
    taskStates.map((state) => [state, nodes.reduce((sum, one) => sum + one.counts[state], 0)]),
  ) as Record<TaskState, number>
  const running = nodes
    .flatMap((one) => one.running)
    .sort((a, b) => beginOf(a) - beginOf(b))
    .slice(0, limit)
  const failed = nodes
    .flatMap((one) => one.failed)
    .sort((a, b) => (a.n ?? 0) - (b.n ?? 0))
    .slice(0, limit)
  const perSecond = nodes.reduce((sum, { pace }) => sum + (pace.ended / pace.ms) * 1000, 0)
  const left = counts.queued + counts.running
  if (perSecond === 0) return { counts, running, failed }
  const leftMs = (left / perSecond) * 1000
  return { counts, running, failed, perSecond, ...(left > 0 ? { leftMs } : {}) }
}

/** When its command began, or at least when a worker took it. */
export function beginOf({ beganAt, startedAt = 0 }: Pick<Task, 'beganAt' | 'startedAt'>): number {
  return beganAt ?? startedAt
}
