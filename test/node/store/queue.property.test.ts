/**
 * Random histories of a queue, on the SQLite store and on a plain model of it: after every step the
 * answers, the tasks, the results and the counts are the same.
 */

import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Moment } from '../../../src/core/clock.ts'
import { unpackLeases } from '../../../src/core/leases.ts'
import { packResults } from '../../../src/core/reports.ts'
import type { NewTask } from '../../../src/core/task.ts'
import { openSqliteStore } from '../../../src/node/store/sqlite/sqlite.ts'
import type { AttemptRef, Store } from '../../../src/node/store/store.ts'
import { openOnThisThread } from './direct.ts'
import { shareCompiledCode, temporaryFolder } from './folder.ts'
import { QueueModel } from './queue.model.ts'

shareCompiledCode()

const lease = 30_000
const maxAttempts = 2
const ids = Array.from({ length: 7 }, (_, i) => `0199b3a0-0000-7000-8000-00000000000${i}`)
const workers = ['w1', 'w2', 'w3']
const delays = [0, 1000, 400_000]
const waits = [0, 1, 999, 10_000, lease - 1, lease]
const jumps = [-86_400_000, -1000, 1000, 86_400_000]

const pick = <T>(list: readonly T[], choice: number) => list[choice % list.length] as T

/** One history: the store, its model, and the two clocks that both are given. */
class History {
  model = new QueueModel()
  now: Moment = { wall: 1_767_225_600_000, steady: 1_767_225_600_000 }
  store: Store
  readonly #open: () => Promise<Store>

  constructor(store: Store, open: () => Promise<Store>) {
    this.store = store
    this.#open = open
  }

  /** Two bodies and two numbers of iterations an id: some repetitions are conflicts. */
  newTask(a: number, b: number): NewTask {
    const body = new Uint8Array((a % 7) * 40).fill(b % 5 === 0 ? 1 : 2)
    return { id: pick(ids, a), iterations: b % 7 === 0 ? 2 : 5, body }
  }

  /** Mostly the newest attempt by its worker, sometimes an older one or another worker. */
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
    await this.store.resume(lease, this.now)
    this.model.resume(lease, this.now)
  }

  async check(): Promise<void> {
    const read = [
      this.store.get(ids),
      this.store.stats(this.now),
      this.store.results({ limit: 99 }),
    ]
    const [tasks, stats, results] = (await Promise.all(read)) as [
      Awaited<ReturnType<Store['get']>>,
      unknown,
      Awaited<ReturnType<Store['results']>>,
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
    same(await store.enqueue(tasks, now), model.enqueue(tasks, now))
  },
  async claim({ store, model, now }, a, b) {
    const budget = { maxWork: pick([0, 1, 6, 1000], a), maxBytes: pick([0, 50, 120, 1000], b) }
    const request = { worker: pick(workers, a), max: 1 + (b % 4), lease, ...budget }
    const leases = unpackLeases((await store.claim(request, now)).frames)
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
    same(await store.renew(worker, [ref], lease, now), [model.renew(worker, ref, lease, now)])
  },
  async complete(history, a, b) {
    const { store, model, now } = history
    const { worker, ref } = history.ref(a, b)
    const reports = [a, b].map((fill) => ({ ...ref, result: new Uint8Array(64).fill(fill) }))
    const expected = reports.map(({ result }) => {
      return model.complete(worker, ref, Buffer.from(result).toString('hex'), now)
    })
    same(await store.complete(worker, packResults(reports), now), expected)
  },
  async fail(history, a, b) {
    const { store, model, now } = history
    const { worker, ref } = history.ref(a, b)
    const delay = pick(delays, b)
    const reports = [{ ...ref, error: 'broken', delay }]
    const expected = [model.fail(worker, ref, delay, maxAttempts, now)]
    same(await store.fail(worker, reports, maxAttempts, now), expected)
  },
  async release(history, a, b) {
    const { store, model, now } = history
    const { worker, ref } = history.ref(a, b)
    same(await store.release(worker, [ref], now), [model.release(worker, ref)])
  },
  async reap({ store, model, now }) {
    same(await store.reap(maxAttempts, now), model.reap(maxAttempts, now))
  },
  async cancel({ store, model, now }, a) {
    const task = await store.cancel(pick(ids, a), now)
    model.cancel(pick(ids, a), now)
    same(task?.state, model.entry(pick(ids, a))?.state)
  },
  async retry({ store, model, now }, a) {
    const task = await store.retry(pick(ids, a), now)
    model.retry(pick(ids, a), now)
    same(task?.state, model.entry(pick(ids, a))?.state)
  },
  async markPulled({ store, model }, a, b) {
    await store.markPulled([pick(ids, a), pick(ids, b)])
    model.markPulled([pick(ids, a), pick(ids, b)])
  },
  async tidy({ store, now }) {
    await store.tidy({ keepFor: Number.MAX_SAFE_INTEGER, keepMost: ids.length }, now)
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

/** How often each act is taken, of the sum. */
const weights: Record<keyof typeof acts, number> = {
  enqueue: 8,
  claim: 10,
  renew: 3,
  complete: 5,
  fail: 5,
  release: 3,
  reap: 3,
  cancel: 2,
  retry: 3,
  markPulled: 2,
  tidy: 3,
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

type Open = (options: { folder: string }) => Promise<Store>

/** Compares so many histories; gives the states that tasks had in them. */
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
  // A bound for the search of a smaller counterexample too, which would outlast the test.
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
