/** Describes one task in rows of a name and a value. */
import type { Task } from '../../api/client.ts'
import { formatBytes } from '../../core/bytes.ts'
import { describeDuration } from '../../core/duration.ts'
import { number } from '../../core/text.ts'
import { kinds, shownFields } from '../../kinds/kinds.ts'
import { printable } from './terminal.ts'

export function describeTask(task: Task, file: string | undefined, now: number): string[][] {
  const { startedAt, completedAt, runAt } = task
  const ago = (at: number) => `${new Date(at).toISOString()}, ${describeDuration(now - at)} ago`
  const rows: [string, string | undefined][] = [
    ['id', task.id],
    ['file', file === undefined ? undefined : printable(file)],
    ['state', task.state],
    ...parametersOf(task),
    ['size', formatBytes(task.size)],
    ['attempts', `${task.attempts}${task.failures > 0 ? ` (${task.failures} failed)` : ''}`],
    ['enqueued', ago(task.enqueuedAt)],
    ['next try', runAt && runAt > now ? `in ${describeDuration(runAt - now)}` : undefined],
    ['started', startedAt === undefined ? undefined : ago(startedAt)],
    ['completed', completedAt === undefined ? undefined : ago(completedAt)],
    ['ran', task.ran === undefined ? undefined : describeDuration(task.ran)],
    ['processor', describeCpu(task)],
    ['memory', describeMemory(task)],
    ['worker', task.state === 'running' || task.ran !== undefined ? task.worker : undefined],
    ['error', task.error === undefined ? undefined : printable(task.error)],
    ['result', task.result],
  ]
  return rows.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))
}

function describeMemory({ peakMemory, exact }: Task): string | undefined {
  if (peakMemory === undefined) return undefined
  return `${exact ? '' : 'about '}${formatBytes(peakMemory)}`
}

function describeCpu({ userMs, systemMs, exact }: Task): string | undefined {
  if (userMs === undefined || systemMs === undefined) return undefined
  return `${exact ? '' : 'about '}${describeDuration(userMs)} user, ${describeDuration(systemMs)} system`
}

function parametersOf(task: Task): [string, string][] {
  return Object.entries(shownFields(kinds, task)).map(([name, value]) => [
    name,
    typeof value === 'number' ? number(value) : value,
  ])
}
