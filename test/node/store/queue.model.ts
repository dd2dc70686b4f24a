/**
 * A second, plain implementation of the store's contract: a list of tasks in memory. Written from
 * the interface in `task-store.ts`, for `queue.property.test.ts` to compare with.
 */
import type { Moment } from '../../../src/core/clock.ts'
import { maxRetryDelayMs } from '../../../src/core/retry.ts'
import type { AcceptedTask, StoredTask, TaskState } from '../../../src/core/task.ts'
import type {
  AttemptRef,
  ClaimRequest,
  EnqueueOutcome,
  StoreStats,
  Verdict,
} from '../../../src/node/store/task-store.ts'

interface Entry {
  task: AcceptedTask
  state: TaskState
  attempts: number
  failures: number
  enqueuedAt: number
  runAt: number
  leaseUntil: number
  startedAt?: number
  completedAt?: number
  worker?: string
  result?: Uint8Array
  hasError: boolean
  pulled: boolean
}

export class QueueModel {
  /** In the order of arrival. */
  entries: Entry[] = []
  /** Ids in the order in which they succeeded. */
  done: string[] = []

  enqueue(tasks: AcceptedTask[], now: Moment): EnqueueOutcome[] {
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
      const { body, cost } = entry.task
      const fits = work < maxWork && (taken.length === 0 || bytes + body.length <= maxBytes)
      if (taken.length === max || !fits) break
      taken.push(entry)
      work += cost
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

  complete(worker: string, ref: AttemptRef, result: Uint8Array, now: Moment): Verdict {
    return this.#report(worker, ref, ['succeeded'], (entry) => {
      this.#finish(entry, 'succeeded', now)
      entry.result = result
      entry.hasError = false
      this.done.push(ref.id)
    })
  }

  fail(worker: string, ref: AttemptRef, delay: number, most: number, now: Moment): Verdict {
    // An attempt whose lease expired has failed as well, so the report is right.
    return this.#report(worker, ref, ['queued', 'failed'], (entry) => {
      this.#endInFailure(entry, now.steady + delay, most, now)
    })
  }

  release(worker: string, ref: AttemptRef): Verdict {
    return this.#report(worker, ref, ['queued'], (entry) => {
      entry.state = 'queued'
    })
  }

  expireLeases(most: number, now: Moment): { requeued: number; failed: number } {
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
      oldestWait: this.#oldestWait(due, now),
      jobs: [],
      looseWait: this.#oldestWait(due, now),
      unpulled: this.entries.filter((one) => one.state === 'succeeded' && !one.pulled).length,
    }
  }

  #oldestWait(due: Entry[], { steady }: Moment): number {
    return due.length > 0 ? steady - Math.min(...due.map(({ runAt }) => runAt)) : 0
  }

  entry(id: string): Entry | undefined {
    return this.entries.find(({ task }) => task.id === id)
  }

  /** The task as users see it; for an error, only whether there is one. */
  view(id: string): (Omit<StoredTask, 'error'> & { error?: true }) | undefined {
    const entry = this.entry(id)
    if (!entry) return undefined
    const { task, state, attempts, failures, enqueuedAt, runAt } = entry
    const { startedAt, completedAt, worker, result, hasError } = entry
    return {
      id,
      state,
      kind: task.kind,
      spec: task.spec,
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

  /** Runs `act` on the attempt if the worker holds it; else `done` if the task is `settled`. */
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

/** The body of a finished task is gone, so only the size can be compared. */
function isSame({ task, state }: Entry, other: AcceptedTask): boolean {
  const isKept = state === 'queued' || state === 'running' || state === 'failed'
  const sameBody = isKept
    ? Buffer.compare(task.body, other.body) === 0
    : task.body.length === other.body.length
  return sameBody && task.spec === other.spec
}
