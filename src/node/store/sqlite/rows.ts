/** Between rows of the database and tasks: ids as 16 bytes, states as numbers, results as 64 bytes. */
import type { Result, Task, TaskState } from '../../../core/task.ts'
import { stateNumbers } from './schema.ts'

const stateNames = Object.keys(stateNumbers) as TaskState[]

export interface TaskRow {
  seq: number
  id: Uint8Array
  state: number
  iterations: number
  size: number
  attempt: number
  failures: number
  run_at: number
  worker: string | null
  enqueued_at: number
  started_at: number | null
  finished_at: number | null
  done_seq: number | null
  result: Uint8Array | null
  error: string | null
}

export const taskColumns = `seq, id, state, iterations, size, attempt, failures, run_at, worker,
  enqueued_at, started_at, finished_at, done_seq, result, error`

export function toBlob(id: string): Uint8Array {
  return Buffer.from(id.replaceAll('-', ''), 'hex')
}

export function fromBlob(blob: Uint8Array): string {
  const hex = Buffer.from(blob.buffer, blob.byteOffset, blob.length).toString('hex')
  const part = (from: number, to: number) => hex.slice(from, to)
  return `${part(0, 8)}-${part(8, 12)}-${part(12, 16)}-${part(16, 20)}-${part(20, 32)}`
}

function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')
}

/** Leaves out what a task does not have. */
export function toTask(row: TaskRow): Task {
  const state = stateNames[row.state] as TaskState
  const task: Task = {
    id: fromBlob(row.id),
    state,
    iterations: row.iterations,
    size: row.size,
    attempts: row.attempt,
    failures: row.failures,
    enqueuedAt: row.enqueued_at,
  }
  if (state === 'queued' && row.failures > 0) task.runAt = row.run_at
  if (row.started_at !== null) task.startedAt = row.started_at
  if (row.finished_at !== null) task.completedAt = row.finished_at
  if (row.worker !== null) task.worker = row.worker
  if (row.result !== null) task.result = toHex(row.result)
  if (row.error !== null) task.error = row.error
  return task
}

export function toResult(row: TaskRow): Result {
  const completedAt = row.finished_at ?? 0
  return {
    id: fromBlob(row.id),
    result: toHex(row.result ?? new Uint8Array()),
    iterations: row.iterations,
    completedAt,
    attempts: row.attempt,
    took: Math.max(0, completedAt - (row.started_at ?? completedAt)),
  }
}
