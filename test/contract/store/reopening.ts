/** A node that restarts: everything is there, and the time in between costs no lease. */

import { describe, expect, it } from 'vitest'
import { packResults } from '../../../src/api/reports.ts'
import { maxRetryDelayMs } from '../../../src/core/retry.ts'
import {
  at,
  bytes,
  claim,
  digest,
  enqueue,
  type Held,
  lease,
  maxAttempts,
  newTask,
  taskOf,
} from './held.ts'

export function describeReopening(held: Held): void {
  async function restart(ms: number) {
    const store = await held.reopen()
    await store.resume(lease, at(ms))
    return store
  }

  describe('after a restart', () => {
    it('has every task, result, count and document', async () => {
      const ids = await enqueue(held.tasks, 6)
      await claim(held.tasks, 10, { max: 4 })
      const [a = '', b = '', c = '', , e = ''] = ids
      for (const [i, id] of [b, a].entries()) {
        await held.tasks.complete(
          'w1',
          packResults([{ id, attempt: 1, result: digest(i) }]),
          at(20 + i),
        )
      }
      await held.tasks.fail('w1', [{ id: c, attempt: 1, error: 'no', delay: 0 }], 1, at(30))
      await held.tasks.cancel(e, at(40))
      await held.tasks.markPulled([b])
      await held.documents.save('settings', { tick: 20 })
      const read = async () => {
        const { tasks } = await held.tasks.list({ limit: 99 })
        const results = await held.tasks.results({ limit: 99 })
        const stats = await held.tasks.stats(at(90))
        return { tasks, results, stats, settings: await held.documents.load('settings') }
      }
      const before = await read()
      await restart(50)
      expect(await read()).toEqual(before)
      expect(before.results.results.map(({ id }) => id)).toEqual([a, b])
      expect(before.stats).toMatchObject({ queued: 1, running: 1, succeeded: 2, unpulled: 1 })
    })

    it('keeps the order, bodies and attempt numbers', async () => {
      const [first = ''] = await enqueue(held.tasks, 1)
      await claim(held.tasks, 1)
      await held.tasks.release('w1', [{ id: first, attempt: 1 }], at(2))
      const body = 'x'.repeat(100_000)
      await held.tasks.enqueue([newTask({ body })], at(3))
      const store = await restart(10)
      await store.enqueue([newTask({ body: 'last' })], at(11))
      const leases = await claim(store, 12, { max: 9 })
      expect(leases.map(({ attempt }) => attempt)).toEqual([2, 1, 1])
      expect(leases.map((one) => one.body)).toEqual([bytes('body'), bytes(body), bytes('last')])
    })

    it('puts new results after older ones', async () => {
      const ids = await enqueue(held.tasks, 2)
      await claim(held.tasks, 10, { max: 2 })
      const [a = '', b = ''] = ids
      await held.tasks.complete(
        'w1',
        packResults([{ id: a, attempt: 1, result: digest(1) }]),
        at(20),
      )
      const store = await restart(30)
      await store.complete('w1', packResults([{ id: b, attempt: 1, result: digest(2) }]), at(40))
      const { results } = await store.results({ limit: 9 })
      expect(results.map(({ id }) => id)).toEqual([b, a])
    })

    it.each([
      ['long after', 10 * lease],
      ['while the wall clock has gone back', -10 * lease],
    ])('gives every lease a whole period from then: %s', async (_when, start) => {
      const [id = ''] = await enqueue(held.tasks, 1)
      await claim(held.tasks, 0)
      const store = await restart(start)
      expect(await store.expireLeases(maxAttempts, at(start + lease - 1))).toEqual({
        requeued: 0,
        failed: 0,
      })
      expect(await store.renew('w1', [{ id, attempt: 1 }], lease, at(start))).toEqual(['done'])
      expect(await store.expireLeases(maxAttempts, at(start + lease))).toEqual({
        requeued: 1,
        failed: 0,
      })
    })

    it('accepts the result of a worker that ran through it', async () => {
      const [id = ''] = await enqueue(held.tasks, 1)
      await claim(held.tasks, 0)
      const store = await restart(99 * lease)
      const report = { id, attempt: 1, result: digest(1) }
      expect(await store.complete('w1', packResults([report]), at(99 * lease + 1))).toEqual([
        'done',
      ])
      expect(await taskOf(store, id)).toMatchObject({ state: 'succeeded', failures: 0 })
    })

    it('keeps delays, but none longer than the longest delay', async () => {
      const ids = await enqueue(held.tasks, 1)
      const [id = ''] = ids
      await claim(held.tasks, 0)
      await held.tasks.fail('w1', [{ id, attempt: 1, error: 'no', delay: 60_000 }], 5, at(0))
      const store = await restart(10_000)
      expect(await store.stats(at(59_999))).toMatchObject({ queued: 1, backlog: 0 })
      expect(await store.stats(at(60_000))).toMatchObject({ queued: 1, backlog: 1 })
      const dayBefore = -86_400_000
      const again = await restart(dayBefore)
      const latest = dayBefore + maxRetryDelayMs
      expect(await again.stats(at(latest - 1))).toMatchObject({ backlog: 0 })
      expect(await again.stats(at(latest))).toMatchObject({ backlog: 1 })
    })

    it('delays no task that never failed, and keeps their order, even if the clock went back', async () => {
      const ids = await enqueue(held.tasks, 3)
      const dayBefore = -86_400_000
      const store = await restart(dayBefore)
      const [late] = await enqueue(store, 1, dayBefore + 1)
      expect(await store.stats(at(dayBefore + 5))).toMatchObject({ queued: 4, backlog: 4 })
      const leases = await claim(store, dayBefore + 5, { max: 9 })
      expect(leases.map(({ id }) => id)).toEqual([...ids, late])
    })
  })
}
