/** What workers report: renew, complete, fail, release. No late report changes anything. */

import { describe, expect, it } from 'vitest'
import { packResults } from '../../../src/api/reports.ts'
import type { TaskStore, Verdict } from '../../../src/node/store/task-store.ts'
import {
  at,
  claim,
  claimOne,
  digest,
  enqueue,
  epoch,
  type Held,
  lease,
  maxAttempts,
  newId,
  newTask,
  taskOf,
} from './held.ts'

type Report = (store: TaskStore, worker: string, id: string, attempt: number) => Promise<Verdict[]>

const reports: Record<'renew' | 'complete' | 'fail' | 'release', Report> = {
  renew: (store, worker, id, attempt) => store.renew(worker, [{ id, attempt }], lease, at(100)),
  complete: (store, worker, id, attempt) =>
    store.complete(worker, packResults([{ id, attempt, result: digest(1) }]), at(100)),
  fail: (store, worker, id, attempt) =>
    store.fail(worker, [{ id, attempt, error: 'broken', delay: 0 }], maxAttempts, at(100)),
  release: (store, worker, id, attempt) => store.release(worker, [{ id, attempt }], at(100)),
}

const kinds = Object.keys(reports) as (keyof typeof reports)[]

export function describeAttempts(held: Held): void {
  async function running(): Promise<string> {
    await enqueue(held.tasks, 1)
    return (await claimOne(held.tasks, 10)).id
  }

  describe.each(kinds)('%s', (kind) => {
    const report = reports[kind]

    it('counts if it comes from the holder of the lease, and so does its repetition', async () => {
      const id = await running()
      expect(await report(held.tasks, 'w1', id, 1)).toEqual(['done'])
      const [once] = await held.tasks.get([id])
      const stats = await held.tasks.stats(at(200))
      expect(await report(held.tasks, 'w1', id, 1)).toEqual(['done'])
      expect(await held.tasks.get([id])).toEqual([once])
      expect(await held.tasks.stats(at(200))).toEqual(stats)
    })

    it('changes nothing if it comes from another worker', async () => {
      const id = await running()
      const before = await taskOf(held.tasks, id)
      expect(await report(held.tasks, 'w2', id, 1)).toEqual(['foreign'])
      expect(await taskOf(held.tasks, id)).toEqual(before)
    })

    it('changes nothing once there is a newer attempt, even by the same worker', async () => {
      const id = await running()
      await held.tasks.release('w1', [{ id, attempt: 1 }], at(20))
      await claim(held.tasks, 30)
      const before = await taskOf(held.tasks, id)
      expect(await report(held.tasks, 'w1', id, 1)).toEqual(['lost'])
      expect(await report(held.tasks, 'w1', id, 3)).toEqual(['lost'])
      expect(await taskOf(held.tasks, id)).toEqual(before)
    })

    it('is lost for a task that does not exist', async () => {
      expect(await report(held.tasks, 'w1', newId(), 1)).toEqual(['lost'])
    })

    it('changes nothing once the task has succeeded', async () => {
      const id = await running()
      await held.tasks.complete('w1', packResults([{ id, attempt: 1, result: digest(7) }]), at(50))
      const before = await taskOf(held.tasks, id)
      const expected = kind === 'complete' ? 'done' : 'lost'
      expect(await report(held.tasks, 'w1', id, 1)).toEqual([expected])
      expect(await report(held.tasks, 'w2', id, 1)).toEqual(['foreign'])
      expect(await taskOf(held.tasks, id)).toEqual(before)
    })
  })

  it('judges each report of a batch by itself', async () => {
    const ids = await enqueue(held.tasks, 3)
    await claim(held.tasks, 10, { max: 2 })
    await claim(held.tasks, 10, { worker: 'w2' })
    const result = digest(3)
    const batch = [...ids, newId()].map((id) => ({ id, attempt: 1, result }))
    const verdicts = await held.tasks.complete('w1', packResults(batch), at(20))
    expect(verdicts).toEqual(['done', 'done', 'foreign', 'lost'])
    expect(await held.tasks.stats(at(20))).toMatchObject({ succeeded: 2, running: 1 })
    expect(await held.tasks.complete('w1', packResults([]), at(20))).toEqual([])
  })

  it('stores results in the order of the report, whatever the order of the tasks', async () => {
    const ids = await enqueue(held.tasks, 8)
    const [a, b, c, d, e, f, g, h] = ids
    await claim(held.tasks, 10, { max: 3 })
    // The leases of the first three are in the tables, those of the others in memory.
    await held.tasks.expireLeases(maxAttempts, at(1500))
    await claim(held.tasks, 1600, { max: 3 })
    await claim(held.tasks, 1600, { max: 2, worker: 'w2' })
    const order = [d, e, b, a, f, g, h, d, c] as string[]
    const batch = order.map((id, index) => ({ id, attempt: 1, result: digest(index) }))
    const verdicts = await held.tasks.complete('w1', packResults(batch), at(1700))
    const [done, foreign] = ['done', 'foreign'] as const
    expect(verdicts).toEqual([done, done, done, done, done, foreign, foreign, done, done])
    const { results } = await held.tasks.results({ limit: 20 })
    expect(results.map(({ id }) => id).reverse()).toEqual([d, e, b, a, f, c])
    expect(results.map(({ result }) => result[0]).reverse()).toEqual([0, 1, 2, 3, 4, 8])
    const tasks = await held.tasks.get(ids)
    expect(tasks.map((task) => task?.result?.[0])).toEqual([3, 2, 8, 0, 1, 4, undefined, undefined])
    expect(await held.tasks.stats(at(1800))).toMatchObject({
      succeeded: 6,
      running: 2,
      unpulled: 6,
    })
  })

  it('stores a result that never changes', async () => {
    const id = await running()
    await held.tasks.complete('w1', packResults([{ id, attempt: 1, result: digest(1) }]), at(20, 5))
    await held.tasks.complete('w1', packResults([{ id, attempt: 1, result: digest(2) }]), at(30))
    const task = await taskOf(held.tasks, id)
    expect(task).toMatchObject({ state: 'succeeded', result: digest(1), completedAt: epoch + 25 })
    expect(task).not.toHaveProperty('error')
    expect((await held.tasks.results({ limit: 9 })).results).toHaveLength(1)
  })

  it('removes the error of earlier attempts when one succeeds', async () => {
    const id = await running()
    await held.tasks.fail('w1', [{ id, attempt: 1, error: 'oops', delay: 0 }], 5, at(20))
    expect(await taskOf(held.tasks, id)).toMatchObject({ error: 'oops' })
    await claim(held.tasks, 30)
    await held.tasks.complete('w1', packResults([{ id, attempt: 2, result: digest(1) }]), at(40))
    const task = await taskOf(held.tasks, id)
    expect(task).toMatchObject({ state: 'succeeded', attempts: 2, failures: 1 })
    expect(task).not.toHaveProperty('error')
  })

  it('fails a task when its attempts are used up, and says why', async () => {
    await enqueue(held.tasks, 1)
    for (let attempt = 1; attempt <= 3; attempt++) {
      const { id, attempt: begun } = await claimOne(held.tasks, attempt * 10)
      expect(begun).toBe(attempt)
      const report = { id, attempt, error: `broken ${attempt}`, delay: 0 }
      await held.tasks.fail('w1', [report], 3, at(attempt * 10 + 5, 1000))
      const state = attempt < 3 ? 'queued' : 'failed'
      expect(await taskOf(held.tasks, id)).toMatchObject({ state, failures: attempt })
    }
    const { tasks } = await held.tasks.list({ limit: 9 })
    expect(tasks[0]).toMatchObject({
      state: 'failed',
      error: expect.stringContaining('broken 3'),
      completedAt: epoch + 1035,
    })
    expect(await claim(held.tasks, 9999)).toEqual([])
  })

  it('truncates a long error', async () => {
    const id = await running()
    const error = 'x'.repeat(100_000)
    await held.tasks.fail('w1', [{ id, attempt: 1, error, delay: 0 }], 5, at(20))
    expect((await taskOf(held.tasks, id)).error?.length).toBeLessThan(5000)
  })

  it('queues a task that was handed back at once, without counting a failure', async () => {
    const [first, second] = [newTask(), newTask()]
    await held.tasks.enqueue([first], at(0))
    await held.tasks.enqueue([second], at(5))
    for (let attempt = 1; attempt <= 7; attempt++) {
      expect(await claimOne(held.tasks, 10)).toMatchObject({ id: first.id, attempt })
      await held.tasks.release('w1', [{ id: first.id, attempt }], at(11))
    }
    const task = await taskOf(held.tasks, first.id)
    expect(task).toMatchObject({ state: 'queued', attempts: 7, failures: 0 })
    expect(task).not.toHaveProperty('runAt')
    expect(await held.tasks.stats(at(12))).toMatchObject({ backlog: 2, oldestWait: 12 })
  })
}
