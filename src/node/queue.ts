/**
 * The queue: what may happen to tasks, on top of a store that persists it. Routes parse and answer,
 * this decides. A claim that finds nothing may wait here for the next task ("long poll").
 */
import type { Clock, Moment } from '../core/clock.ts'
import { TmError } from '../core/errors.ts'
import { type PackedLeases, refsIn } from '../core/leases.ts'
import { retryDelay } from '../core/retry.ts'
import type { Settings } from '../core/settings.ts'
import type { NewTask, Task } from '../core/task.ts'
import type {
  AttemptRef,
  ClaimRequest,
  EnqueueOutcome,
  Reaped,
  Store,
  Verdict,
} from './store/store.ts'

export interface QueueOptions {
  store: Store
  clock: Clock
  settings: () => Settings
  /** A number in [0, 1), for the jitter of retries. */
  random?: () => number
}

export interface ClaimWish extends Omit<ClaimRequest, 'lease'> {
  /** Milliseconds to wait for a task when there is none. */
  wait: number
  /** The worker is gone: nothing must be leased to it any more. */
  signal?: AbortSignal
}

const noLeases: PackedLeases = { count: 0, frames: new Uint8Array() }

export type Queue = ReturnType<typeof createQueue>

export function createQueue({ store, clock, settings, random = Math.random }: QueueOptions) {
  const waiters = new Set<() => void>()
  const listeners = new Set<() => void>()
  let paused = false

  /** There may be tasks to run: wakes as many waiting claims as there are, and the scaler. */
  function announce(tasks: number): void {
    for (const wake of [...waiters].slice(0, tasks)) wake()
    for (const listener of listeners) listener()
  }

  async function claimNow(wish: ClaimWish): Promise<PackedLeases> {
    if (paused || wish.signal?.aborted) return noLeases
    const { worker, max, maxWork, maxBytes } = wish
    const { lease } = settings()
    const leases = await store.claim({ worker, max, maxWork, maxBytes, lease }, clock())
    if (!wish.signal?.aborted || leases.count === 0) return leases
    await store.release(worker, refsIn(leases), clock())
    announce(leases.count)
    return noLeases
  }

  /** Resolves when a task may be there, or after `ms`, or when the signal says so. */
  function nextTask(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(done, ms)
      function done(): void {
        clearTimeout(timer)
        waiters.delete(done)
        signal?.removeEventListener('abort', done)
        resolve()
      }
      waiters.add(done)
      signal?.addEventListener('abort', done)
    })
  }

  function changed(task: Task | undefined, id: string): Task {
    if (!task) throw unknownTask(id)
    return task
  }

  return {
    /** Calls `listener` whenever there may be more to run. */
    onWork(listener: () => void): void {
      listeners.add(listener)
    },

    /** Stops taking tasks and giving leases; running attempts may still be reported. */
    pause(): void {
      paused = true
      announce(waiters.size)
    },
    /** Goes on as before. */
    unpause(): void {
      paused = false
      announce(waiters.size)
    },
    isPaused: () => paused,

    /** Answers when all of them are on disk. */
    async enqueue(tasks: NewTask[]): Promise<EnqueueOutcome[]> {
      if (paused) {
        throw new TmError('unavailable', 'This node is draining and takes no tasks', {
          suggestions: ['Try another node of the cluster.'],
        })
      }
      const outcomes = await store.enqueue(tasks, clock())
      const created = outcomes.filter((outcome) => outcome === 'created').length
      if (created > 0) announce(created)
      return outcomes
    },

    async claim(wish: ClaimWish): Promise<PackedLeases> {
      const until = clock().steady + wish.wait
      for (;;) {
        const leases = await claimNow(wish)
        const left = until - clock().steady
        if (leases.count > 0 || left <= 0 || paused || wish.signal?.aborted) return leases
        await nextTask(left, wish.signal)
      }
    },

    readBody: (id: string, from: number) => store.readBody(id, from),

    renew: (worker: string, attempts: AttemptRef[]): Promise<Verdict[]> =>
      store.renew(worker, attempts, settings().lease, clock()),

    complete: (worker: string, packed: Uint8Array<ArrayBuffer>): Promise<Verdict[]> =>
      store.complete(worker, packed, clock()),

    fail(worker: string, reports: (AttemptRef & { error: string })[]): Promise<Verdict[]> {
      const delayed = reports.map((report) => ({
        ...report,
        delay: retryDelay(report.attempt, random()),
      }))
      return store.fail(worker, delayed, settings().maxAttempts, clock())
    },

    async release(worker: string, attempts: AttemptRef[]): Promise<Verdict[]> {
      const verdicts = await store.release(worker, attempts, clock())
      announce(verdicts.filter((verdict) => verdict === 'done').length)
      return verdicts
    },

    /** Takes back what was leased and not renewed, and wakes claims for retries that are due. */
    async reap(): Promise<Reaped> {
      const reaped = await store.reap(settings().maxAttempts, clock())
      const { backlog } = await store.stats(clock())
      if (backlog > 0) announce(backlog)
      return reaped
    },

    /** Cleans up in small steps, between which others have their turn. */
    async tidy(): Promise<void> {
      while (await store.tidy(settings(), clock())) {}
    },

    async cancel(id: string): Promise<Task> {
      const task = changed(await store.cancel(id, clock()), id)
      if (task.state === 'cancelled') return task
      throw new TmError('conflict', `Task ${id} is ${task.state} and can't be cancelled`)
    },

    async retry(id: string): Promise<Task> {
      const task = changed(await store.retry(id, clock()), id)
      if (task.state !== 'queued') {
        throw new TmError(
          'conflict',
          `Task ${id} is ${task.state}: only a failed one can be retried`,
        )
      }
      announce(1)
      return task
    },

    async get(id: string): Promise<Task> {
      const [task] = await store.get([id])
      return changed(task, id)
    },

    lookup: (ids: string[]) => store.get(ids),
    list: (filter: Parameters<Store['list']>[0]) => store.list(filter),
    results: (page: Parameters<Store['results']>[0]) => store.results(page),
    markPulled: (ids: string[]) => store.markPulled(ids),
    stats: (now: Moment = clock()) => store.stats(now),
  }
}

export function unknownTask(id: string): TmError {
  return new TmError('not_found', `No task ${id} on this node`, {
    suggestions: ['See what there is: tm pull, tm health'],
  })
}
