/**
 * What a store has to do, once more and as plainly as can be: a list of tasks in memory. Written
 * from the contract in `store.ts`, for `queue.property.test.ts` to compare with.
 */
import type { Moment } from '../../../src/core/clock.ts'
import { maxRetryDelayMs } from '../../../src/core/retry.ts'
import type { NewTask, Task, TaskState } from '../../../src/core/task.ts'
import type {
  AttemptRef,
  ClaimRequest,
  EnqueueOutcome,
  StoreStats,
  Verdict,
} from '../../../src/node/store/store.ts'

interface Entry {
  task: NewTask
  state: TaskState
  attempts: number
  failures: number
  enqueuedAt: number
  runAt: number
  leaseUntil: number
  startedAt?: number
  completedAt?: number
  worker?: string
  result?: string
  hasError: boolean
  pulled: boolean
}

export class QueueModel {
  /** In the order of arrival. */
  entries: Entry[] = []
  /** Ids in the order in which they succeeded. */
  done: string[] = []

  enqueue(tasks: NewTask[], now: Moment): EnqueueOutcome[] {
    return tasks.map((task) => {
      const known = this.entry(task.id)
      if (known) return isSame(known, task) ? 'known' : 'conflict'
      const fresh = { attempts: 0, failures: 0, leaseUntil: 0, hasError: false, pulled: false }
      const times = { enqueuedAt: now.wall, runAt: now.steady }
      this.entries.push({ task, state: 'queued', ...fresh, ...times })
      return 'created'
    })
  }

  claim({ worker, max, maxWork, maxBytes, lease }: ClaimRequest, now: Moment): AttemptRef[] {
    const taken: Entry[] = []
    let work = 0
    let bytes = 0
    for (const entry of this.#due(now)) {
      const { body, iterations } = entry.task
      const fits = taken.length === 0 || (work < maxWork && bytes + body.length <= maxBytes)
      if (taken.length === max || !fits) break
      taken.push(entry)
      work += Math.floor((body.length + 16) / 128) + iterations
      bytes += body.length
    }
    return taken.map((entry) => {
      entry.state = 'running'
      entry.attempts += 1
      entry.worker = worker
      entry.startedAt = now.wall
      entry.leaseUntil = now.steady + lease
      return { id: entry.task.id, attempt: entry.attempts }
    })
  }

  renew(worker: string, ref: AttemptRef, lease: number, now: Moment): Verdict {
    return this.#report(worker, ref, [], (entry) => {
      entry.leaseUntil = now.steady + lease
    })
  }

  complete(worker: string, ref: AttemptRef, result: string, now: Moment): Verdict {
    return this.#report(worker, ref, ['succeeded'], (entry) => {
      this.#finish(entry, 'succeeded', now)
      entry.result = result
      entry.hasError = false
      this.done.push(ref.id)
    })
  }

  fail(worker: string, ref: AttemptRef, delay: number, most: number, now: Moment): Verdict {
    // An attempt that the reaper has ended has failed as well: the report is right.
    return this.#report(worker, ref, ['queued', 'failed'], (entry) => {
      this.#endInFailure(entry, now.steady + delay, most, now)
    })
  }

  release(worker: string, ref: AttemptRef): Verdict {
    return this.#report(worker, ref, ['queued'], (entry) => {
      entry.state = 'queued'
    })
  }

  reap(most: number, now: Moment): { requeued: number; failed: number } {
    const expired = this.entries.filter((one) => {
      return one.state === 'running' && one.leaseUntil <= now.steady
    })
    for (const entry of expired) this.#endInFailure(entry, now.steady, most, now)
    const failed = expired.filter(({ state }) => state === 'failed').length
    return { failed, requeued: expired.length - failed }
  }

  cancel(id: string, now: Moment): void {
    const entry = this.entry(id)
    if (entry?.state === 'queued' || entry?.state === 'running') {
      this.#finish(entry, 'cancelled', now)
    }
  }

  retry(id: string, now: Moment): void {
    const entry = this.entry(id)
    if (entry?.state !== 'failed') return
    Object.assign(entry, { state: 'queued', failures: 0, runAt: now.steady, hasError: false })
    delete entry.completedAt
  }

  markPulled(ids: string[]): void {
    for (const id of ids) {
      const entry = this.entry(id)
      if (entry?.state === 'succeeded') entry.pulled = true
    }
  }

  resume(lease: number, { steady }: Moment): void {
    for (const entry of this.entries) {
      if (entry.state === 'running') entry.leaseUntil = steady + lease
      const latest = entry.failures > 0 ? steady + maxRetryDelayMs : steady
      if (entry.state === 'queued') entry.runAt = Math.min(entry.runAt, latest)
    }
  }

  stats(now: Moment): StoreStats {
    const count = (state: TaskState) => this.entries.filter((one) => one.state === state).length
    const due = this.#due(now)
    return {
      queued: count('queued'),
      running: count('running'),
      succeeded: count('succeeded'),
      failed: count('failed'),
      cancelled: count('cancelled'),
      backlog: due.length,
      oldestWait: due.length > 0 ? now.steady - Math.min(...due.map(({ runAt }) => runAt)) : 0,
      unpulled: this.entries.filter((one) => one.state === 'succeeded' && !one.pulled).length,
    }
  }

  entry(id: string): Entry | undefined {
    return this.entries.find(({ task }) => task.id === id)
  }

  /** The task as users see it; of an error only whether there is one. */
  view(id: string): (Omit<Task, 'error'> & { error?: true }) | undefined {
    const entry = this.entry(id)
    if (!entry) return undefined
    const { task, state, attempts, failures, enqueuedAt, runAt } = entry
    const { startedAt, completedAt, worker, result, hasError } = entry
    return {
      id,
      state,
      iterations: task.iterations,
      size: task.body.length,
      attempts,
      failures,
      enqueuedAt,
      ...(state === 'queued' && failures > 0 ? { runAt } : {}),
      ...(startedAt === undefined ? {} : { startedAt }),
      ...(completedAt === undefined ? {} : { completedAt }),
      ...(worker === undefined ? {} : { worker }),
      ...(result === undefined ? {} : { result }),
      ...(hasError ? { error: true } : {}),
    }
  }

  #due(now: Moment): Entry[] {
    const due = this.entries.filter((one) => one.state === 'queued' && one.runAt <= now.steady)
    return due.sort((a, b) => a.runAt - b.runAt)
  }

  /** `act` on the attempt if the worker holds it; else whether it led to one of these states. */
  #report(
    worker: string,
    { id, attempt }: AttemptRef,
    settled: TaskState[],
    act: (entry: Entry) => void,
  ): Verdict {
    const entry = this.entry(id)
    if (!entry || entry.attempts !== attempt) return 'lost'
    if (entry.worker !== worker) return 'foreign'
    if (entry.state !== 'running') return settled.includes(entry.state) ? 'done' : 'lost'
    act(entry)
    return 'done'
  }

  #endInFailure(entry: Entry, runAt: number, most: number, now: Moment): void {
    entry.failures += 1
    entry.hasError = true
    if (entry.failures >= most) this.#finish(entry, 'failed', now)
    else Object.assign(entry, { state: 'queued', runAt })
  }

  #finish(entry: Entry, state: TaskState, now: Moment): void {
    entry.state = state
    entry.completedAt = now.wall
  }
}

/** Of a finished task the body is gone: its size has to do. */
function isSame({ task, state }: Entry, other: NewTask): boolean {
  const isKept = state === 'queued' || state === 'running' || state === 'failed'
  const sameBody = isKept
    ? Buffer.compare(task.body, other.body) === 0
    : task.body.length === other.body.length
  return sameBody && task.iterations === other.iterations
}
