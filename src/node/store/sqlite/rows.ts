/**
 * Converts rows to tasks and results. In rows, ids and results are bytes and states are numbers.
 */
import type { Resources } from '../../../core/resources.ts'
import { idText, type StoredResult, type StoredTask, type TaskState } from '../../../core/task.ts'
import type { FirstLease } from './memory.ts'
import { stateNumbers } from './schema.ts'

const stateNames = Object.keys(stateNumbers) as TaskState[]

export interface TaskRow {
  seq: number
  id: Uint8Array
  job: number | null
  /** The id of the job. */
  job_id: Uint8Array | null
  state: number
  kind: string
  spec: string
  size: number
  upload: number | null
  attempt: number
  failures: number
  losses: number
  run_at: number
  worker: string | null
  enqueued_at: number
  started_at: number | null
  finished_at: number | null
  done_seq: number | null
  result: Uint8Array | null
  error: string | null
  /** How the last attempt that failed ended. */
  ending: string | null
  grown_memory: number | null
}

export interface ResultRow {
  done_seq: number
  id: Uint8Array
  job_id: Uint8Array | null
  kind: string
  spec: string
  attempt: number
  started_at: number
  finished_at: number
  result: Uint8Array
}

/** Attempt, worker and times of a succeeded task are in the table of results. */
export const selectTasks = `SELECT seq, tasks.id, job, jobs.id AS job_id, state, kind, spec,
  size, upload, losses,
  ifnull(results.attempt, tasks.attempt) AS attempt, failures, run_at,
  ifnull(results.worker, tasks.worker) AS worker, enqueued_at,
  ifnull(results.started_at, tasks.started_at) AS started_at,
  ifnull(results.finished_at, tasks.finished_at) AS finished_at, done_seq, result, error,
  ending, grown_memory
  FROM tasks LEFT JOIN results USING (done_seq, seq) LEFT JOIN jobs USING (job)`

/** What tasks of a job need, from the row of the job. */
export function toNeeds({ cpus, memory, disk, gpus }: Required<Resources>): Resources {
  return { cpus, memory, disk, ...(gpus > 0 ? { gpus } : {}) }
}

export const selectResults = `SELECT results.done_seq, results.id, jobs.id AS job_id, kind, spec,
  results.attempt, results.started_at, results.finished_at, result
  FROM results JOIN tasks USING (seq) LEFT JOIN jobs USING (job)`

/** The row as it will be when its first lease, which is only in memory, is persisted. */
export function withLease(row: TaskRow, lease: FirstLease | undefined): TaskRow {
  if (!lease) return row
  const { worker, startedAt } = lease
  return { ...row, state: stateNumbers.running, attempt: 1, worker, started_at: startedAt }
}

/** Fields without a value are absent. */
export function toTask(row: TaskRow): StoredTask {
  const state = stateNames[row.state] as TaskState
  const task: StoredTask = {
    id: idText(row.id),
    state,
    kind: row.kind,
    spec: row.spec,
    size: row.size,
    attempts: row.attempt,
    failures: row.failures,
    enqueuedAt: row.enqueued_at,
  }
  if (row.job_id !== null) task.job = idText(row.job_id)
  if (state === 'queued' && row.failures + row.losses > 0) task.runAt = row.run_at
  if (row.started_at !== null) task.startedAt = row.started_at
  if (row.finished_at !== null) task.completedAt = row.finished_at
  if (row.worker !== null) task.worker = row.worker
  if (row.result !== null) task.result = row.result
  if (row.error !== null) task.error = row.error
  if (row.ending !== null && state !== 'succeeded') task.ending = row.ending
  return task
}

export function toResult(row: ResultRow): StoredResult {
  return {
    id: idText(row.id),
    ...(row.job_id === null ? {} : { job: idText(row.job_id) }),
    kind: row.kind,
    spec: row.spec,
    result: row.result,
    completedAt: row.finished_at,
    attempts: row.attempt,
    took: Math.max(0, row.finished_at - row.started_at),
  }
}
