/** One task in words, as rows of a name and a value. */
import { formatBytes } from '../../core/bytes.ts'
import { describeDuration } from '../../core/duration.ts'
import type { Task } from '../../core/task.ts'
import { number } from '../progress.ts'

export function describeTask(task: Task, file: string | undefined, now: number): string[][] {
  const { startedAt, completedAt, runAt } = task
  const ago = (at: number) => `${new Date(at).toISOString()}, ${describeDuration(now - at)} ago`
  const rows: [string, string | undefined][] = [
    ['id', task.id],
    ['file', file],
    ['state', task.state],
    ['iterations', number(task.iterations)],
    ['size', formatBytes(task.size)],
    ['attempts', `${task.attempts}${task.failures > 0 ? ` (${task.failures} failed)` : ''}`],
    ['enqueued', ago(task.enqueuedAt)],
    ['next try', runAt && runAt > now ? `in ${describeDuration(runAt - now)}` : undefined],
    ['started', startedAt === undefined ? undefined : ago(startedAt)],
    ['completed', completedAt === undefined ? undefined : ago(completedAt)],
    ['worker', task.state === 'running' ? task.worker : undefined],
    ['error', task.error],
    ['result', task.result],
  ]
  return rows.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))
}
