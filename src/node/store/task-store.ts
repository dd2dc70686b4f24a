/**
 * Where a node keeps its tasks. Every method is atomic, and answers only when its effect would
 * survive a killed process and a crashed operating system. The caller passes the time. All stores
 * pass the same contract tests (`test/contract/store.ts`).
 */

import type { PackedLeases } from '../../api/leases.ts'
import type { Moment } from '../../core/clock.ts'
import type { Resources, Room } from '../../core/resources.ts'
import type { EndedAttempt, SeenAttempt } from '../../core/scaling/evidence.ts'
import type { Waiting } from '../../core/scaling/worth.ts'
import type {
  AcceptedTask,
  KeptText,
  StoredResult,
  StoredTask,
  TaskState,
} from '../../core/task.ts'

/** The attempt that a report is about. Only the worker that holds its lease may report. */
export interface AttemptRef {
  id: string
  attempt: number
}

/**
 * The outcome of a report. `done`: it counts, and so does its repetition. `lost`: a newer attempt,
 * a cancellation or an earlier report has overtaken it; nothing changed. `foreign`: another worker
 * holds the lease; nothing changed.
 */
export type Verdict = 'done' | 'lost' | 'foreign'

/** `known`: the store has the same task. `conflict`: it has another task with this id. */
export type EnqueueOutcome = 'created' | 'known' | 'conflict'

export interface FailureReport extends AttemptRef {
  error: string
  /** Milliseconds until the next attempt. */
  delay: number
  /** No further attempt. */
  final?: boolean
  /** The worker was at fault. That does not count as a failure of a job's task. */
  lost?: boolean
  /**
   * It ran out of memory, and gets this many bytes from now on. If they are more than before, that does not count as a
   * failure of a job's task.
   */
  memory?: number | undefined
  /** Equal for failures that are alike: such as `exit 1`. */
  alike?: string
  /** How the command ended: JSON. The attempts of a job's task that have it are kept. */
  ending?: string
  /** The last of what the command wrote. */
  stdout?: KeptText
  stderr?: KeptText
}

export interface ClaimRequest {
  worker: string
  /** Leases at the most. */
  max: number
  /**
   * No further lease once their work (`cost`) or bytes reach these; at least one lease. A `maxWork`
   * of 0 asks for tasks of jobs only.
   */
  maxWork: number
  maxBytes: number
  /** For tasks of jobs. Without it: one that needs no more than one processor. */
  room?: Room | undefined
  /**
   * A task that fits into all the room, but not into what is free, is waited for once it has been due
   * for this many milliseconds: the worker gets nothing that is younger. Never, if undefined.
   */
  reserveAfter?: number | undefined
  /** Milliseconds until an unrenewed lease expires. */
  lease: number
}

export interface StoreStats {
  queued: number
  running: number
  succeeded: number
  failed: number
  cancelled: number
  /** Queued tasks that may run now: not those of paused jobs, or of jobs that are being tried. */
  backlog: number
  /** Milliseconds that the oldest of these has waited; 0 if there is none. */
  oldestWait: number
  /** The part of the backlog that is of jobs, by job. */
  jobs: Waiting[]
  /** Milliseconds that the oldest task without a job has waited; 0 if there is none. */
  looseWait: number
  /** Jobs with queued tasks that one worker tries first; absent for none. */
  beingTried?: number
  /** Succeeded tasks whose result nobody has read yet. */
  unpulled: number
}

/** Tasks of one job, for an estimate of how long they take. */
export interface SeenJob {
  needs: Resources
  /** Those that may run now; one at the most while one worker tries the job. */
  waiting: number
  /** Some that have succeeded lately: the newest. */
  ended: EndedAttempt[]
  running: SeenAttempt[]
  /** The same of the newest earlier job with the same command line, if none of this one has succeeded. */
  before: EndedAttempt[]
}

/** What says how much work there is. */
export interface SeenWork {
  /** Those with tasks that wait or run: the oldest, if there are many. */
  jobs: SeenJob[]
  /** Tasks without a job: how many run, and the mean cost of those that are next. */
  loose: { running: number; cost: number }
}

export interface ExpiredLeases {
  requeued: number
  failed: number
}

export interface Page {
  limit: number
  /** Where the page before ended. */
  cursor?: number
}

/** How long finished tasks are kept, and how many. Results that nobody has read are kept anyway. */
export interface Retention {
  /** Milliseconds. */
  keepFor: number
  /** The same for tasks of jobs whose outputs were read, if they go earlier. */
  keepPulledFor?: number
  keepMost: number
}

export interface TaskStore {
  /**
   * Called once, before any other method, because the steady clock began anew with this process.
   * Every lease gets a whole period from now, and no retry lies further ahead than the longest
   * delay, even if the wall clock went back in between.
   */
  resume(lease: number, now: Moment): Promise<void>

  /** Bodies over 1 MiB move to the store: the caller's are empty afterwards. */
  enqueue(tasks: AcceptedTask[], now: Moment): Promise<EnqueueOutcome[]>

  /**
   * Leases the oldest tasks that may run now, and begins an attempt of each: tasks without a job, or
   * tasks of jobs that fit, whichever have waited longer. Of a task without a job, the lease of its
   * first attempt is the one thing that is not on disk when the store answers: the next
   * `expireLeases` that finds it a second old persists it. If the node is killed before that, the
   * task is queued again.
   */
  claim(request: ClaimRequest, now: Moment): Promise<PackedLeases>
  /** The next piece of a large body, from this byte on. Empty if the body is gone. */
  readBody(id: string, from: number): Promise<Uint8Array<ArrayBuffer>>
  renew(worker: string, attempts: AttemptRef[], lease: number, now: Moment): Promise<Verdict[]>
  /** Stores results (see api/reports.ts), which never change afterwards. Drops the bodies. */
  complete(worker: string, packed: Uint8Array<ArrayBuffer>, now: Moment): Promise<Verdict[]>
  /** Queues each task again after its `delay`, or fails it if it is final or its attempts are used up. */
  fail(
    worker: string,
    reports: FailureReport[],
    maxAttempts: number,
    now: Moment,
  ): Promise<Verdict[]>
  /** Hands leases back: the tasks are queued again at once, and no failure is counted. */
  release(worker: string, attempts: AttemptRef[], now: Moment): Promise<Verdict[]>
  /**
   * Takes back expired leases: the tasks are queued again, or failed if their attempts are used up.
   * Persists other leases that are a second old.
   */
  expireLeases(maxAttempts: number, now: Moment): Promise<ExpiredLeases>

  /** One small step of removing what is not needed any more. False if there was nothing to do. */
  prune(retention: Retention, now: Moment): Promise<boolean>

  /** Cancels a task that is queued or running. Gives the task afterwards; undefined if unknown. */
  cancel(id: string, now: Moment): Promise<StoredTask | undefined>
  /** Queues a failed task again, with all its attempts. Gives the task afterwards. */
  retry(id: string, now: Moment): Promise<StoredTask | undefined>

  /** The tasks with these ids, in this order; undefined for an unknown id. */
  get(ids: string[]): Promise<(StoredTask | undefined)[]>
  /** The tasks whose id begins with these digits in hex, at most `limit`, in the order of ids. */
  withBeginning(digits: string, limit: number): Promise<StoredTask[]>
  /** Tasks in the order of their arrival. */
  list(
    filter: { state?: TaskState } & Page,
  ): Promise<{ tasks: StoredTask[]; next: number | undefined }>
  /** Results, newest first. */
  results(page: Page): Promise<{ results: StoredResult[]; next: number | undefined }>
  /** Marks these results as read. Unknown ids and repetitions change nothing. */
  markPulled(ids: string[]): Promise<void>
  stats(now: Moment): Promise<StoreStats>
  /**
   * How many tasks claims would take before this one; `most` if there are more. Undefined for a task that is
   * not queued, or waits for a time.
   */
  position(id: string, most: number, now: Moment): Promise<number | undefined>
  /** Bytes of what was removed: they are used again before the store takes more of its disk. */
  reusableBytes(): Promise<number>
  /** Costs some milliseconds, unlike `stats`. */
  work(now: Moment): Promise<SeenWork>
}
