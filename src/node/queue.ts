/**
 * The queue: the rules for tasks, on top of a store that persists them. A claim that finds no task
 * may wait here for the next one ("long poll").
 */

import { type PackedLeases, refsIn } from '../api/leases.ts'
import type { Clock, Moment } from '../core/clock.ts'
import { TmError } from '../core/errors.ts'
import { retentionIn, sizeOnDisk } from '../core/intake.ts'
import { retryDelayMs } from '../core/retry.ts'
import type { Settings } from '../core/settings.ts'
import { suggest, tm } from '../core/suggestions.ts'
import type { AcceptedTask, StoredTask } from '../core/task.ts'
import type { Intake } from './intake.ts'
import type {
  AttemptRef,
  ClaimRequest,
  EnqueueOutcome,
  ExpiredLeases,
  FailureReport,
  TaskStore,
  Verdict,
} from './store/task-store.ts'

export interface QueueOptions {
  store: TaskStore
  clock: Clock
  settings: () => Settings
  intake: Pick<Intake, 'expectRoom' | 'pace' | 'state'>
  /** A number in [0, 1), for the jitter of retries. */
  random?: () => number
}

export interface WaitingClaim extends Omit<ClaimRequest, 'lease'> {
  /** How many milliseconds to wait for a task, as in the API. */
  wait: number
  /** Aborted when the worker has disconnected: it must get no leases. */
  signal?: AbortSignal
}

/** More workers than a node has at a time. */
const mostServed = 2000

const noLeases: PackedLeases = { count: 0, frames: new Uint8Array() }

export type Queue = ReturnType<typeof createQueue>

export function createQueue(options: QueueOptions) {
  const { store, clock, settings, intake, random = Math.random } = options
  /** Claims that wait, and who makes them. */
  const waiters = new Map<() => void, string>()
  /** When each worker got tasks last: steady milliseconds. */
  const servedAt = new Map<string, number>()
  /** Those whose tasks another worker tries first. */
  const held = new Set<() => void>()
  let completed = 0
  const listeners = new Set<() => void>()
  let paused = false

  /**
   * `tasks` tasks may be ready to run: wakes as many waiting claims, and the scaler. Who had work last gets
   * the next: a trickle keeps one worker busy, and lets the others end.
   */
  function announce(tasks: number): void {
    for (const wake of tasks < waiters.size ? lastServed(tasks) : [...waiters.keys()]) wake()
    for (const listener of listeners) listener()
  }

  function lastServed(count: number): (() => void)[] {
    const at = ([, worker]: [unknown, string]) => servedAt.get(worker) ?? 0
    const order = [...waiters].sort((a, b) => at(b) - at(a))
    return order.slice(0, count).map(([wake]) => wake)
  }

  async function claimNow(request: WaitingClaim): Promise<PackedLeases> {
    if (paused || request.signal?.aborted) return noLeases
    const { worker, max, maxWork, maxBytes } = request
    const { lease, scaleAfter: reserveAfter } = settings()
    const limits = { max, maxWork, maxBytes, room: request.room, reserveAfter }
    const leases = await store.claim({ worker, ...limits, lease }, clock())
    if (leases.count > 0) noteServed(worker)
    if (!request.signal?.aborted || leases.count === 0) return leases
    await store.release(worker, refsIn(leases), clock())
    announce(Number.POSITIVE_INFINITY)
    return noLeases
  }

  function noteServed(worker: string): void {
    // So that the oldest comes first.
    servedAt.delete(worker)
    servedAt.set(worker, clock().steady)
    const [oldest] = servedAt.keys()
    if (servedAt.size > mostServed && oldest !== undefined) servedAt.delete(oldest)
  }

  /** Resolves when a task may be ready, after `ms`, or when the signal is aborted. */
  function nextTask({ worker, signal }: WaitingClaim, ms: number, isHeld: boolean): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(done, ms)
      function done(): void {
        clearTimeout(timer)
        waiters.delete(done)
        held.delete(done)
        signal?.removeEventListener('abort', done)
        resolve()
      }
      waiters.set(done, worker)
      if (isHeld) held.add(done)
      signal?.addEventListener('abort', done)
    })
  }

  function expectFound(task: StoredTask | undefined, id: string): StoredTask {
    if (!task) throw unknownTask(id)
    return task
  }

  return {
    announce,

    /** Calls `listener` whenever tasks may be ready to run. */
    onWork(listener: () => void): void {
      listeners.add(listener)
    },

    /** Takes no more tasks and gives no more leases. Workers may still report running attempts. */
    pause(): void {
      paused = true
      announce(waiters.size)
    },
    unpause(): void {
      paused = false
      announce(waiters.size)
    },
    isPaused: () => paused,

    /** Resolves when all are on disk, and the next may come. `hasBegun`: a part of its request is stored. */
    async enqueue(tasks: AcceptedTask[], { hasBegun = false } = {}): Promise<EnqueueOutcome[]> {
      if (paused) {
        throw new TmError('unavailable', 'This node is draining and takes no tasks', {
          suggestions: ['Try another node of the cluster.'],
        })
      }
      if (!hasBegun) await intake.expectRoom(() => store.get(tasks.map(({ id }) => id)))
      // Before large bodies move to the store.
      const size = sizeOnDisk(tasks)
      const outcomes = await store.enqueue(tasks, clock())
      const created = outcomes.filter((outcome) => outcome === 'created').length
      // A task of a job may fit only some of the workers that wait.
      const isOfJob = tasks.some(({ job }) => job !== undefined)
      if (created > 0) announce(isOfJob ? Number.POSITIVE_INFINITY : created)
      if (created > 0) await intake.pace((size * created) / tasks.length)
      return outcomes
    },

    async claim(request: WaitingClaim): Promise<PackedLeases> {
      const until = clock().steady + request.wait
      for (;;) {
        const before = completed
        const leases = await claimNow(request)
        const leftMs = until - clock().steady
        // It is not among those that wait yet, and so has not heard of a success.
        if (leases.isHeld && leases.count === 0 && completed !== before) continue
        if (leases.count > 0 || leftMs <= 0 || paused || request.signal?.aborted) return leases
        await nextTask(request, leftMs, leases.isHeld === true)
      }
    },

    readBody: (id: string, from: number) => store.readBody(id, from),

    renew: (worker: string, attempts: AttemptRef[]): Promise<Verdict[]> =>
      store.renew(worker, attempts, settings().lease, clock()),

    async complete(worker: string, packed: Uint8Array<ArrayBuffer>): Promise<Verdict[]> {
      const verdicts = await store.complete(worker, packed, clock())
      completed += 1
      // The first success of a job lets all workers have it.
      if (held.size > 0) announce(Number.POSITIVE_INFINITY)
      return verdicts
    },

    fail(worker: string, reports: Omit<FailureReport, 'delay'>[]): Promise<Verdict[]> {
      const delayed = reports.map((report) => ({
        ...report,
        delay: report.memory === undefined ? retryDelayMs(report.attempt, random()) : 0,
      }))
      return store.fail(worker, delayed, settings().maxAttempts, clock())
    },

    async release(worker: string, attempts: AttemptRef[]): Promise<Verdict[]> {
      const verdicts = await store.release(worker, attempts, clock())
      // What one worker hands back may be too large for the first that waits.
      if (verdicts.includes('done')) announce(Number.POSITIVE_INFINITY)
      return verdicts
    },

    /** Ends expired leases. Also wakes claims for retries that are due. */
    async expireLeases(): Promise<ExpiredLeases> {
      const expired = await store.expireLeases(settings().maxAttempts, clock())
      const { backlog } = await store.stats(clock())
      if (backlog > 0) announce(backlog)
      return expired
    },

    /** Cleans up in small steps, so that other calls of the store are not held up. */
    async prune(): Promise<void> {
      while (await store.prune(retentionIn(intake.state(), settings()), clock())) {}
    },

    async cancel(id: string): Promise<StoredTask> {
      const task = expectFound(await store.cancel(id, clock()), id)
      if (task.state === 'cancelled') return task
      throw new TmError('conflict', `Task ${id} is ${task.state} and can't be cancelled`)
    },

    async retry(id: string): Promise<StoredTask> {
      const task = expectFound(await store.retry(id, clock()), id)
      if (task.state !== 'queued') {
        throw new TmError(
          'conflict',
          `Task ${id} is ${task.state}: only a failed task can be retried`,
        )
      }
      announce(1)
      return task
    },

    async get(id: string): Promise<StoredTask> {
      const [task] = await store.get([id])
      return expectFound(task, id)
    },

    lookup: (ids: string[]) => store.get(ids),
    withBeginning: (digits: string, limit: number) => store.withBeginning(digits, limit),
    list: (filter: Parameters<TaskStore['list']>[0]) => store.list(filter),
    results: (page: Parameters<TaskStore['results']>[0]) => store.results(page),
    markPulled: (ids: string[]) => store.markPulled(ids),
    stats: (now: Moment = clock()) => store.stats(now),
    work: (now: Moment = clock()) => store.work(now),
    position: (id: string, most: number) => store.position(id, most, clock()),
  }
}

export function unknownTask(id: string): TmError {
  return new TmError('not_found', `No task ${id} on this node`, {
    suggestions: [suggest`See results and nodes: ${tm('pull')}, ${tm('health')}`],
  })
}
