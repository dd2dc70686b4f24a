/** Between rows of the database and tasks: ids as bytes, states as numbers, results as bytes. */
import { idText, type Result, type Task, type TaskState } from '../../../core/task.ts'
import type { FirstLease } from './memory.ts'
import { stateNumbers } from './schema.ts'

const stateNames = Object.keys(stateNumbers) as TaskState[]

export interface TaskRow {
  seq: number
  id: Uint8Array
  state: number
  iterations: number
  size: number
  upload: number | null
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

export interface ResultRow {
  done_seq: number
  id: Uint8Array
  iterations: number
  attempt: number
  started_at: number
  finished_at: number
  result: Uint8Array
}

/** A succeeded task's end is in the table of results. */
export const selectTasks = `SELECT seq, tasks.id, state, tasks.iterations, size, upload,
  ifnull(results.attempt, tasks.attempt) AS attempt, failures, run_at,
  ifnull(results.worker, tasks.worker) AS worker, enqueued_at,
  ifnull(results.started_at, tasks.started_at) AS started_at,
  ifnull(results.finished_at, tasks.finished_at) AS finished_at, done_seq, result, error
  FROM tasks LEFT JOIN results USING (done_seq, seq)`

export const selectResults = `SELECT done_seq, id, iterations, attempt, started_at, finished_at, result
  FROM results`

function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')
}

/** The row of a task whose first attempt is not on disk yet, as it would be there. */
export function withLease(row: TaskRow, lease: FirstLease | undefined): TaskRow {
  if (!lease) return row
  const { worker, startedAt } = lease
  return { ...row, state: stateNumbers.running, attempt: 1, worker, started_at: startedAt }
}

/** Leaves out what a task does not have. */
export function toTask(row: TaskRow): Task {
  const state = stateNames[row.state] as TaskState
  const task: Task = {
    id: idText(row.id),
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

export function toResult(row: ResultRow): Result {
  return {
    id: idText(row.id),
    result: toHex(row.result),
    iterations: row.iterations,
    completedAt: row.finished_at,
    attempts: row.attempt,
    took: Math.max(0, row.finished_at - row.started_at),
  }
}
