/**
 * Where a node keeps its tasks. Every method is atomic, and answers only when what it did would
 * survive a killed process and a crashed operating system. Time comes in as a value. All stores run
 * the same contract tests (`test/contract/store.ts`).
 */
import type { Moment } from '../../core/clock.ts'
import type { PackedLeases } from '../../core/leases.ts'
import type { NewTask, Result, Task, TaskState } from '../../core/task.ts'

/** The attempt that a report is about. Only the worker that holds its lease may report on it. */
export interface AttemptRef {
  id: string
  attempt: number
}

/**
 * What became of a report. `done`: it counts (the same report again gets the same answer).
 * `lost`: a newer attempt, a cancellation or an earlier report has overtaken it; nothing changed.
 * `foreign`: another worker holds this lease; nothing changed.
 */
export type Verdict = 'done' | 'lost' | 'foreign'

/** `created`: a new task. `known`: the same task was there. `conflict`: another one has this id. */
export type EnqueueOutcome = 'created' | 'known' | 'conflict'

export interface ClaimRequest {
  worker: string
  /** At most so many leases. */
  max: number
  /** And no more once their work (see `workOf`) or their bytes reach these; one in any case. */
  maxWork: number
  maxBytes: number
  /** Milliseconds until an unrenewed lease expires. */
  lease: number
}

export interface StoreStats {
  queued: number
  running: number
  succeeded: number
  failed: number
  cancelled: number
  /** Queued tasks that could run now. */
  backlog: number
  /** Milliseconds that the oldest of them has waited; 0 when there is none. */
  oldestWait: number
  /** Succeeded ones whose result nobody has read yet. */
  unpulled: number
}

export interface Reaped {
  requeued: number
  failed: number
}

export interface Page {
  limit: number
  /** Where the page before this one ended. */
  cursor?: number
}

/** How long finished tasks are kept, and how many of them; results that nobody has read stay. */
export interface Retention {
  /** Milliseconds. */
  keepFor: number
  keepMost: number
}

export interface Store {
  /**
   * Once, before anything else: the steady clock of the process before this one is gone. Every lease
   * gets a whole period from now, and no retry lies further ahead than the longest delay, even if
   * the wall clock went back in between.
   */
  resume(lease: number, now: Moment): Promise<void>

  /** Bodies over 1 MiB move to the store: they are empty afterwards. */
  enqueue(tasks: NewTask[], now: Moment): Promise<EnqueueOutcome[]>

  /**
   * Leases on the oldest tasks that may run now. Begins an attempt of each. The only thing that is not
   * on disk when it is answered: the first attempt of a task, until the next `reap` finds it a second
   * old. A node that is killed before that has the task in its queue again.
   */
  claim(request: ClaimRequest, now: Moment): Promise<PackedLeases>
  /** The next piece of a large body, from this byte on. Empty when it is not there any more. */
  readBody(id: string, from: number): Promise<Uint8Array<ArrayBuffer>>
  renew(worker: string, attempts: AttemptRef[], lease: number, now: Moment): Promise<Verdict[]>
  /** Stores results (see core/reports.ts), never changed afterwards. The bodies are let go. */
  complete(worker: string, packed: Uint8Array<ArrayBuffer>, now: Moment): Promise<Verdict[]>
  /** Queues the task again after `delay`, or fails it for good when its attempts are used up. */
  fail(
    worker: string,
    reports: (AttemptRef & { error: string; delay: number })[],
    maxAttempts: number,
    now: Moment,
  ): Promise<Verdict[]>
  /** Hands a lease back: the task is queued again at once and nothing counts against it. */
  release(worker: string, attempts: AttemptRef[], now: Moment): Promise<Verdict[]>
  /**
   * Takes back expired leases; a task whose attempts are used up is failed, with the reason. Puts the
   * younger ones on disk.
   */
  reap(maxAttempts: number, now: Moment): Promise<Reaped>

  /** One small step of cleaning up. False when there was nothing to do. */
  tidy(retention: Retention, now: Moment): Promise<boolean>

  /** Cancels a queued or running task. The task as it is then, or undefined when unknown. */
  cancel(id: string, now: Moment): Promise<Task | undefined>
  /** Queues a failed task again, with all its attempts. The task as it is then. */
  retry(id: string, now: Moment): Promise<Task | undefined>

  /** The tasks with these ids, in this order; undefined for an unknown one. */
  get(ids: string[]): Promise<(Task | undefined)[]>
  /** Tasks in the order of their arrival. */
  list(filter: { state?: TaskState } & Page): Promise<{ tasks: Task[]; next: number | undefined }>
  /** Results, newest first. */
  results(page: Page): Promise<{ results: Result[]; next: number | undefined }>
  /** Notes that these results have been read. Unknown ids and repetitions change nothing. */
  markPulled(ids: string[]): Promise<void>
  stats(now: Moment): Promise<StoreStats>

  /** Small named values of the node itself: settings, siblings, loans. JSON. */
  load(key: string): Promise<unknown>
  save(key: string, value: unknown): Promise<void>

  /**
   * Everything that was answered so far, and perhaps some of what was not, as one file that does not
   * exist yet; leases in it may be those of a killed node. Others go on meanwhile. Throws
   * `storage_full`; then there is no file.
   */
  copyTo(file: string): Promise<void>

  close(): Promise<void>
}
