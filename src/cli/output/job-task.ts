/** Tasks of a job, one line each: what it is, and how far, or what became of it. */
import type { Task } from '../../api/client.ts'
import { describeDuration } from '../../core/duration.ts'
import { number } from '../../core/text.ts'
import { beginOf, type JobProgress } from '../jobs/progress.ts'
import { columns, fitted } from './columns.ts'
import { printable } from './terminal.ts'

/** The values by which people know a task, the best first. */
const telling = ['in', 'name', 'line', 'path', 'stem']

/** `12 clip.avi`, `3 lr=0.1 seed=2` */
export function nameOfTask({ id, n, values = {} }: Pick<Task, 'id' | 'n' | 'values'>): string {
  if (n === undefined) return id
  const best = telling.map((name) => values[name]).find((value) => value !== undefined)
  const number = String(n)
  if (best !== undefined) return `${number} ${printable(best)}`
  // The number of an array may be another than that of the task.
  const others = Object.entries(values).filter(
    ([name, value]) => !(name === 'n' && value === number) && name !== 'job' && name !== 'out',
  )
  return [number, ...others.map(([name, value]) => `${name}=${printable(value)}`)].join(' ')
}

/** Why it failed, in one line: how, and the last line that it said, which mostly is the reason. */
export function reasonOf({ error = '', state }: Pick<Task, 'error' | 'state'>): string {
  const lines = error.split('\n').filter((line) => line.trim() !== '')
  const [first = '', last = first] = [lines[0], lines.at(-1)]
  const how = /^[^:\n]*: /.exec(first)?.[0] ?? ''
  return first === '' ? state : printable(lines.length > 1 ? how + last.trim() : first)
}

/** The tasks that have run longest, with the last line of each. */
export function runningRows(
  { running, counts }: JobProgress,
  now: number,
  width: number | undefined,
): string[] {
  const rows = running.map((task) => [
    nameOfTask(task),
    describeDuration(now - beginOf(task)),
    printable(task.line ?? ''),
  ])
  return taskRows('running', counts.running, rows, width)
}

/** The first tasks that failed, and why. */
export function failedRows({ failed, counts }: JobProgress, width: number | undefined): string[] {
  const rows = failed.map((task) => [nameOfTask(task), reasonOf(task)])
  return taskRows('failed', counts.failed, rows, width)
}

/** No wider than the terminal; and how many more there are. */
function taskRows(name: string, count: number, tasks: string[][], width = Infinity): string[] {
  if (tasks.length === 0) return []
  const rows = tasks.map((row) => [`  ${name}`, ...row])
  const last = (rows[0]?.length ?? 1) - 1
  const limits = { 1: { most: 40, least: 12 }, [last]: { most: Infinity, least: 20 } }
  const shown = columns(width === Infinity ? rows : fitted(rows, width, limits))
  const more = count - tasks.length
  return more > 0 ? [shown, `  and ${number(more)} more ${name}`] : [shown]
}
