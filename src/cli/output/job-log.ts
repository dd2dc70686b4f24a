/**
 * The log of a job in the format of GNU Parallel's `--joblog` (its columns, their order and widths), so
 * that scripts that read one read the other. Pure.
 */
import { constants } from 'node:os'
import type { Task } from '../../api/client.ts'
import type { Job } from '../../kinds/command/job.ts'
import { commandOf } from '../jobs/filled-in.ts'

/** One task that has ended by itself. */
export interface LoggedTask {
  /** Its number in the job. */
  seq: number
  /** The worker that it ran on last. */
  host: string
  /** Seconds since the epoch. */
  starttime: number
  /** Seconds. */
  jobRuntime: number
  /** Bytes of its input, and of its outputs. */
  send: number
  receive: number
  exitval: number
  signal: number
  state: 'succeeded' | 'failed'
  attempts: number
  reason?: string
  /** Seconds, about. */
  userTime?: number
  systemTime?: number
  /** Bytes, about. */
  peakMemory?: number
  id: string
  command: string
}

const columns = ['Seq', 'Host', 'Starttime', 'JobRuntime', 'Send', 'Receive', 'Exitval', 'Signal']
/** Ours come before the command, which stays the last one: it may have anything in it. */
const ours = ['State', 'Attempts', 'Reason', 'UserTime', 'SystemTime', 'PeakMemory', 'Task']

/** Undefined for a task that has not ended by itself. */
export function loggedTask(task: Task, run: Job['run']): LoggedTask | undefined {
  const { id, state, attempts, reason, userMs, systemMs, peakMemory } = task
  if (state !== 'succeeded' && state !== 'failed') return undefined
  const values = { ...task.values, task: id, attempt: String(attempts) }
  return {
    seq: task.n ?? 0,
    host: task.worker ?? '',
    starttime: (task.beganAt ?? task.startedAt ?? task.enqueuedAt) / 1000,
    jobRuntime: (task.ran ?? 0) / 1000,
    send: task.size,
    receive: (task.outputs ?? []).reduce((sum, { size }) => sum + size, 0),
    ...endOf(task),
    state,
    attempts,
    ...(reason === undefined ? {} : { reason }),
    ...(userMs === undefined ? {} : { userTime: userMs / 1000 }),
    ...(systemMs === undefined ? {} : { systemTime: systemMs / 1000 }),
    ...(peakMemory === undefined ? {} : { peakMemory }),
    id,
    command: commandOf(run, values),
  }
}

/** Whoever looks for what failed asks for an exit value or a signal other than 0. */
function endOf({ state, exit = 0, signal, reason }: Task): { exitval: number; signal: number } {
  // As Parallel has it.
  if (reason === 'timeout') return { exitval: -1, signal: constants.signals.SIGTERM }
  const number = constants.signals[signal as NodeJS.Signals] ?? 0
  const failedAnyway = state === 'failed' && exit === 0 && number === 0
  return { exitval: failedAnyway ? -1 : exit, signal: number }
}

export function jobLogHeader({ wide }: { wide: boolean }): string {
  return [...columns, ...(wide ? ours : []), 'Command'].join('\t')
}

export function jobLogLine(task: LoggedTask, { wide }: { wide: boolean }): string {
  const { starttime, jobRuntime, userTime, systemTime, peakMemory } = task
  const cells = [
    task.seq,
    task.host,
    starttime.toFixed(3),
    jobRuntime.toFixed(3).padStart(10),
    task.send,
    task.receive,
    task.exitval,
    task.signal,
  ]
  const more = [
    task.state,
    task.attempts,
    task.reason ?? '',
    userTime?.toFixed(3) ?? '',
    systemTime?.toFixed(3) ?? '',
    peakMemory ?? '',
    task.id,
  ]
  // Parallel does this with line breaks, too.
  const command = task.command.replaceAll('\n', '\0')
  return [...cells, ...(wide ? more : []), command].join('\t')
}
