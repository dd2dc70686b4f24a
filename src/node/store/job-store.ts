/**
 * Where a node keeps jobs, and the outputs of their tasks. Like the methods of `TaskStore`, each is
 * atomic, and its effect is durable when it answers.
 */
import type { Moment } from '../../core/clock.ts'
import type { Pace } from '../../core/pace.ts'
import type { Resources } from '../../core/resources.ts'
import type { StoredAttempt, StoredJob, StoredTask } from '../../core/task.ts'
import type { SharedContent } from '../../kinds/command/shared.ts'
import type { AttemptRef, EnqueueOutcome, Page, Verdict } from './task-store.ts'

/** Outputs are written and read in parts of this size; only the last part is smaller. */
export const outputPartBytes = 1024 ** 2

/** How far a job is on this node. */
export interface JobProgress {
  /** Oldest first. */
  running: StoredTask[]
  /** The first ones, in the order of their arrival. */
  failed: StoredTask[]
  /** The first that is queued; one that may run now, if there is one. */
  next?: StoredTask
  /** Of succeeded tasks. */
  pace: Pace
}

export interface NewJob {
  id: string
  /** JSON. */
  definition: string
  /** Of each of its tasks. */
  needs: Resources
  /** So many failed tasks pause it; see core/fail-fast.ts for the default. */
  failFast?: number | undefined
  /** Until a task has succeeded, one worker at a time runs it. */
  canary?: boolean | undefined
  /** The files that its tasks share. */
  shared?: SharedContent[]
}

export interface JobStore {
  /**
   * Stores a job before its tasks, and keeps the files that they share. `conflict`: it has another
   * job with this id. Throws `conflict` if it does not have one of the files.
   */
  putJob(job: NewJob, now: Moment): Promise<EnqueueOutcome>
  /** Undefined for an unknown id. */
  getJob(id: string): Promise<StoredJob | undefined>
  /** All jobs, newest first. */
  listJobs(): Promise<StoredJob[]>
  /** The tasks of a job, in the order of their arrival. */
  tasksOfJob(id: string, page: Page): Promise<{ tasks: StoredTask[]; next: number | undefined }>
  /**
   * For each key, the task with it that is most done: succeeded, running or queued. None that has
   * failed or was cancelled. With `key`.
   */
  tasksByKey(keys: string[]): Promise<StoredTask[]>
  /** Cancels some of the job's queued and running tasks. How many; 0 if there are none left. */
  cancelJob(id: string, now: Moment): Promise<number>
  /** Queues some of the job's failed tasks again. How many; 0 if there are none left. */
  retryJob(id: string, now: Moment): Promise<number>

  /** None of its tasks is leased any more. False if it is paused already. */
  pauseJob(id: string, reason: string): Promise<boolean>
  /** Lets a paused job go on; its failures are counted anew. False if it was not paused. */
  goOnWithJob(id: string): Promise<boolean>
  /** The jobs that were paused by failures, and why: each is given once. */
  takePauses(): Promise<{ id: string; reason: string }[]>

  /**
   * Stores a part of the outputs of a running attempt. They become visible with its result, and are
   * removed if it gets none. A part that is written again is replaced. The bytes move to the store: the
   * caller's are empty afterwards.
   */
  writeOutput(
    worker: string,
    attempt: AttemptRef,
    part: number,
    bytes: Uint8Array<ArrayBuffer>,
  ): Promise<Verdict>
  /** A part of the outputs of a succeeded task; undefined if there is none. */
  readOutput(id: string, part: number): Promise<Uint8Array<ArrayBuffer> | undefined>

  /** At most `limit` tasks of each sort. Undefined for an unknown id. */
  jobProgress(id: string, limit: number, now: Moment): Promise<JobProgress | undefined>

  /** The newest attempts of a job's task that failed, oldest first. Undefined for an unknown id. */
  failedAttempts(id: string): Promise<StoredAttempt[] | undefined>
}
