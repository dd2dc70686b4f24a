/**
 * Random histories of a queue, on the SQLite store and on a plain model: after every step both give
 * the same answers, tasks, results and counts.
 */

import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { unpackLeases } from '../../../src/api/leases.ts'
import { packResults } from '../../../src/api/reports.ts'
import type { Moment } from '../../../src/core/clock.ts'
import type { AcceptedTask } from '../../../src/core/task.ts'
import { openSqliteStore } from '../../../src/node/store/sqlite/sqlite.ts'
import type { Store } from '../../../src/node/store/store.ts'
import type { AttemptRef, TaskStore } from '../../../src/node/store/task-store.ts'
import { sha512Task } from '../../support/sha512-task.ts'
import { openOnThisThread } from './direct.ts'
import { temporaryFolder } from './folder.ts'
import { QueueModel } from './queue.model.ts'

const lease = 30_000
const maxAttempts = 2
const ids = Array.from({ length: 7 }, (_, i) => `0199b3a0-0000-7000-8000-00000000000${i}`)
const workers = ['w1', 'w2', 'w3']
const delays = [0, 1000, 400_000]
const waits = [0, 1, 999, 10_000, lease - 1, lease]
const jumps = [-86_400_000, -1000, 1000, 86_400_000]

const pick = <T>(list: readonly T[], choice: number) => list[choice % list.length] as T

/** One history: the store, its model, and the clock readings that both get. */
class History {
  model = new QueueModel()
  now: Moment = { wall: 1_767_225_600_000, steady: 1_767_225_600_000 }
  store: OpenStore
  readonly #open: () => Promise<OpenStore>

  constructor(store: OpenStore, open: () => Promise<OpenStore>) {
    this.store = store
    this.#open = open
  }

  /** Each id has two possible bodies and iterations, so some repetitions are conflicts. */
  newTask(a: number, b: number): AcceptedTask {
    const body = new Uint8Array((a % 7) * 40).fill(b % 5 === 0 ? 1 : 2)
    return sha512Task({ id: pick(ids, a), iterations: b % 7 === 0 ? 2 : 5, body })
  }

  /** Mostly the newest attempt by its worker, sometimes an older attempt or another worker. */
  ref(a: number, b: number): { worker: string; ref: AttemptRef } {
    const id = pick(ids, a)
    const entry = this.model.entry(id)
    const attempt = (entry?.attempts ?? 0) - (b % 6 === 0 ? 1 : 0)
    const worker = b % 5 === 0 ? pick(workers, b) : (entry?.worker ?? 'w1')
    return { worker, ref: { id, attempt: Math.max(1, attempt) } }
  }

  async reopen(): Promise<void> {
    await this.store.close()
    this.store = await this.#open()
    this.now = { wall: this.now.wall, steady: this.now.wall }
    await this.store.tasks.resume(lease, this.now)
    this.model.resume(lease, this.now)
  }

  async check(): Promise<void> {
    const read = [
      this.store.tasks.get(ids),
      this.store.tasks.stats(this.now),
      this.store.tasks.results({ limit: 99 }),
    ]
    const [tasks, stats, results] = (await Promise.all(read)) as [
      Awaited<ReturnType<TaskStore['get']>>,
      unknown,
      Awaited<ReturnType<TaskStore['results']>>,
    ]
    const seen = tasks.map((task) => {
      return task?.error === undefined ? task : { ...task, error: true }
    })
    const done = results.results.map(({ id, result }) => [id, result])
    const expected = this.model.done.map((id) => [id, this.model.entry(id)?.result]).toReversed()
    same(
      [seen, stats, done],
      [ids.map((id) => this.model.view(id)), this.model.stats(this.now), expected],
    )
  }
}

function same(actual: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(actual, expected)) expect(actual).toEqual(expected)
}

type Act = (history: History, a: number, b: number) => Promise<void>

const acts: Record<string, Act> = {
  async enqueue(history, a, b) {
    const { store, model, now } = history
    const tasks = [history.newTask(a, b), history.newTask(a + (b % 3), b + 1)]
    same(await store.tasks.enqueue(tasks, now), model.enqueue(tasks, now))
  },
  async claim({ store, model, now }, a, b) {
    const budget = { maxWork: pick([0, 1, 6, 1000], a), maxBytes: pick([0, 50, 120, 1000], b) }
    const request = { worker: pick(workers, a), max: 1 + (b % 4), lease, ...budget }
    const leases = unpackLeases((await store.tasks.claim(request, now)).frames)
    const expected = model.claim(request, now)
    same(
      leases.map(({ id, attempt }) => ({ id, attempt })),
      expected,
    )
    for (const { id, body } of leases) same([...body], [...(model.entry(id)?.task.body ?? [])])
  },
  async renew(history, a, b) {
    const { store, model, now } = history
    const { worker, ref } = history.ref(a, b)
    same(await store.tasks.renew(worker, [ref], lease, now), [model.renew(worker, ref, lease, now)])
  },
  async complete(history, a, b) {
    const { store, model, now } = history
    const { worker, ref } = history.ref(a, b)
    const reports = [a, b].map((fill) => ({ ...ref, result: new Uint8Array(64).fill(fill) }))
    const expected = reports.map(({ result }) => {
      return model.complete(worker, ref, result, now)
    })
    same(await store.tasks.complete(worker, packResults(reports), now), expected)
  },
  async fail(history, a, b) {
    const { store, model, now } = history
    const { worker, ref } = history.ref(a, b)
    const delay = pick(delays, b)
    const reports = [{ ...ref, error: 'broken', delay }]
    const expected = [model.fail(worker, ref, delay, maxAttempts, now)]
    same(await store.tasks.fail(worker, reports, maxAttempts, now), expected)
  },
  async release(history, a, b) {
    const { store, model, now } = history
    const { worker, ref } = history.ref(a, b)
    same(await store.tasks.release(worker, [ref], now), [model.release(worker, ref)])
  },
  async expireLeases({ store, model, now }) {
    same(await store.tasks.expireLeases(maxAttempts, now), model.expireLeases(maxAttempts, now))
  },
  async cancel({ store, model, now }, a) {
    const task = await store.tasks.cancel(pick(ids, a), now)
    model.cancel(pick(ids, a), now)
    same(task?.state, model.entry(pick(ids, a))?.state)
  },
  async retry({ store, model, now }, a) {
    const task = await store.tasks.retry(pick(ids, a), now)
    model.retry(pick(ids, a), now)
    same(task?.state, model.entry(pick(ids, a))?.state)
  },
  async markPulled({ store, model }, a, b) {
    await store.tasks.markPulled([pick(ids, a), pick(ids, b)])
    model.markPulled([pick(ids, a), pick(ids, b)])
  },
  async prune({ store, now }) {
    await store.tasks.prune({ keepFor: Number.MAX_SAFE_INTEGER, keepMost: ids.length }, now)
  },
  async advance(history, a) {
    const { wall, steady } = history.now
    history.now = { wall: wall + pick(waits, a), steady: steady + pick(waits, a) }
  },
  async jumpWall(history, a) {
    const { wall, steady } = history.now
    history.now = { wall: wall + pick(jumps, a), steady }
  },
  reopen: (history) => history.reopen(),
}

/** The weight of each act. */
const weights: Record<keyof typeof acts, number> = {
  enqueue: 8,
  claim: 10,
  renew: 3,
  complete: 5,
  fail: 5,
  release: 3,
  expireLeases: 3,
  cancel: 2,
  retry: 3,
  markPulled: 2,
  prune: 3,
  advance: 7,
  jumpWall: 2,
  reopen: 1,
}

const act = fc.oneof(
  ...Object.entries(weights).map(([name, weight]) => ({ weight, arbitrary: fc.constant(name) })),
)
const histories = fc.array(fc.tuple(act, fc.nat(41), fc.nat(41)), {
  minLength: 20,
  maxLength: 80,
  size: 'max',
})

type OpenStore = Pick<Store, 'tasks' | 'close'>
type Open = (options: { folder: string }) => Promise<OpenStore>

/** Compares `count` histories. Gives the states that tasks had in them. */
async function compare(numRuns: number, open: Open): Promise<Set<string>> {
  const seen = new Set<string>()
  const property = fc.asyncProperty(histories, async (steps) => {
    const { folder, remove } = temporaryFolder()
    const reopen = () => open({ folder })
    const history = new History(await reopen(), reopen)
    try {
      for (const [name, a, b] of steps) {
        await acts[name]?.(history, a, b)
        await history.check()
        for (const { state } of history.model.entries) seen.add(state)
      }
    } finally {
      await history.store.close()
      remove()
    }
  })
  // Limits the search for a smaller counterexample as well, which would outlast the test.
  await fc.assert(property, { numRuns, interruptAfterTimeLimit: 20_000 })
  return seen
}

it('does what the model does', async () => {
  expect([...(await compare(15, openSqliteStore))]).toContain('succeeded')
})

it('does what the model does in many histories, on one thread', async () => {
  const states = await compare(400, openOnThisThread)
  expect([...states].sort()).toEqual(['cancelled', 'failed', 'queued', 'running', 'succeeded'])
})
