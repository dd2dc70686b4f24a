/** What a task has written, as `tm logs` shows it. */
import { stripVTControlCharacters } from 'node:util'
import chalk from 'chalk'
import type { Task } from '../../api/client.ts'
import { formatBytes } from '../../core/bytes.ts'
import { describeDuration } from '../../core/duration.ts'
import type { KeptText } from '../../core/task.ts'
import { number } from '../../core/text.ts'
import type { Attempt, TaskLog } from '../logs/task-log.ts'
import { printable } from './terminal.ts'

export interface TaskLogOptions {
  /** Lines of each stream at the most. */
  lines: number
  terminal: boolean
}

export function describeTaskLog(log: TaskLog, options: TaskLogOptions): string {
  const { task, attempts, stdout, stderr } = log
  const failed = attempts.map((attempt) => describeAttempt(attempt, options))
  const streams = describeStreams({ stdout, stderr }, options)
  if (streams.length === 0) return failed.join('\n\n')
  return [...failed, [chalk.bold(titleOf(task)), ...streams].join('\n')].join('\n\n')
}

function titleOf({ attempts, worker, exit, state }: Task): string {
  const how = state === 'running' ? 'runs' : `succeeded, exit ${exit}`
  return `Attempt ${attempts} on ${worker}: ${how}`
}

/** `Task 12 of job 3 failed: exit 1 after 1.2 s.` */
export function describeEnd(task: Task): string {
  const { state, exit, ran, error } = task
  const after = ran === undefined ? '' : ` after ${describeDuration(ran)}`
  const [why = ''] = (error ?? '').split(/: |\n/)
  const how = state === 'succeeded' ? `exit ${exit}` : printable(why)
  return `${nameOf(task)} ${state}${how === '' ? '' : `: ${how}`}${after}.`
}

function nameOf({ id, n }: Task): string {
  return n === undefined ? `Task ${id}` : `Task ${n}`
}

function describeAttempt(attempt: Attempt, options: TaskLogOptions): string {
  const { worker, startedAt, error, ran, stdout, stderr } = attempt
  const [what = ''] = error.split(/: |\n/)
  const after = ran === undefined ? '' : ` after ${describeDuration(ran)}`
  const when = new Date(attempt.beganAt ?? startedAt).toISOString()
  const title = `Attempt ${attempt.attempt} on ${worker}, ${when}: ${printable(what)}${after}`
  const streams = describeStreams({ stdout, stderr }, options)
  const nothing = streams.length === 0 ? ['It wrote nothing.'] : []
  return [chalk.bold(title), ...streams, ...nothing].join('\n')
}

/** What a command wrote, under the name of the stream; nothing for an empty one. */
function describeStreams(
  kept: { stdout: KeptText | undefined; stderr: KeptText | undefined },
  { lines, terminal }: TaskLogOptions,
): string[] {
  return (['stderr', 'stdout'] as const).flatMap((stream) => {
    const { text, bytes } = kept[stream] ?? { text: '', bytes: 0 }
    if (bytes === 0) return []
    const all = (terminal ? readable(text) : text).replace(/\n$/, '').split('\n')
    const shown = all.slice(-lines)
    const cut = shown.length < all.length || bytes > Buffer.byteLength(text)
    const part = cut ? `, the last ${number(shown.length)} lines of ${formatBytes(bytes)}` : ''
    return [chalk.dim(`${stream}${part}:`), shown.join('\n')]
  })
}

/** As it would look on a terminal in the end: without colours, each line as it was last written. */
export function readable(text: string): string {
  return stripVTControlCharacters(text.replace(/[^\n]*\r(?!\n)/g, '').replaceAll('\r\n', '\n'))
}

/** Why there is nothing to show, or not all; undefined if there is. */
export function whyNothing({ task, attempts, stdout, stderr }: TaskLog): string | undefined {
  const name = nameOf(task)
  const more = attempts.length > 0 ? ' again' : ''
  if (task.state === 'queued') return `${name} waits for a worker${more}.`
  if (task.kind !== 'command') return `${name} is no command: it writes nothing.`
  if (task.state === 'cancelled') return `${name} was cancelled: nothing of it is kept.`
  if (task.state === 'failed' && attempts.length === 0) {
    return `${name} failed, and nothing that it wrote is kept: ${printable(task.error ?? '')}`
  }
  if (task.state === 'running' && !stdout && !stderr)
    return `${name} runs, and has written nothing.`
  if (task.state !== 'succeeded' || stdout || stderr) return undefined
  const kept = `${name} succeeded, exit ${task.exit}. What it wrote is not kept`
  return `${kept}: its job has neither --stdout nor --stderr.`
}
