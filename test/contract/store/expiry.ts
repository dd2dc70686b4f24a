/** Leases that are not renewed: when they expire, and what becomes of the task. */

import { describe, expect, it } from 'vitest'
import { packResults } from '../../../src/core/reports.ts'
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
  taskOf,
} from './held.ts'

const none = { requeued: 0, failed: 0 }
const one = { requeued: 1, failed: 0 }

export function describeExpiry(held: Held): void {
  const reap = (ms: number, jump = 0) => held.store.reap(maxAttempts, at(ms, jump))

  async function running(): Promise<string> {
    await enqueue(held.store, 1)
    return (await claimOne(held.store, 0)).id
  }

  describe('reap', () => {
    it('takes back a lease at the end of its time, and not before', async () => {
      const id = await running()
      expect(await reap(lease - 1)).toEqual(none)
      expect(await taskOf(held.store, id)).toMatchObject({ state: 'running' })
      expect(await reap(lease)).toEqual(one)
      expect(await taskOf(held.store, id)).toMatchObject({ state: 'queued', failures: 1 })
      expect(await reap(lease)).toEqual(none)
    })

    it('names the worker that was lost', async () => {
      const id = await running()
      await reap(lease)
      expect((await taskOf(held.store, id)).error).toContain('w1')
    })

    it('lets a renewed lease live for a whole period from the renewal', async () => {
      const id = await running()
      const renewed = await held.store.renew('w1', [{ id, attempt: 1 }], lease, at(lease - 1))
      expect(renewed).toEqual(['done'])
      expect(await reap(2 * lease - 2)).toEqual(none)
      expect(await reap(2 * lease - 1)).toEqual(one)
    })

    it('is not moved by a jump of the wall clock, either way', async () => {
      const id = await running()
      expect(await reap(10, 365 * 86_400_000)).toEqual(none)
      const jumped = at(20, -86_400_000)
      expect(await held.store.renew('w1', [{ id, attempt: 1 }], lease, jumped)).toEqual(['done'])
      expect(await reap(19 + lease, 86_400_000)).toEqual(none)
      expect(await reap(20 + lease, -86_400_000)).toEqual(one)
    })

    it('queues the task to run at once, before younger ones', async () => {
      const id = await running()
      await reap(lease)
      await enqueue(held.store, 1, lease + 1)
      const next = await claimOne(held.store, lease + 2, 'w2')
      expect(next).toMatchObject({ id, attempt: 2 })
    })

    it('fences off the worker that comes back', async () => {
      const id = await running()
      await reap(lease)
      const result = digest(1)
      const late = () =>
        held.store.complete('w1', packResults([{ id, attempt: 1, result }]), at(lease + 1))
      expect(await late()).toEqual(['lost'])
      expect(await held.store.renew('w1', [{ id, attempt: 1 }], lease, at(lease + 1))).toEqual([
        'lost',
      ])
      await claim(held.store, lease + 2, { worker: 'w2' })
      expect(await late()).toEqual(['lost'])
      const report = { id, attempt: 2, result: digest(2) }
      expect(await held.store.complete('w2', packResults([report]), at(lease + 3))).toEqual([
        'done',
      ])
    })

    it('fails the task after its last attempt, and the queue goes on', async () => {
      const id = await running()
      for (let attempt = 1; attempt < maxAttempts; attempt++) {
        expect(await reap(attempt * lease)).toEqual(one)
        expect(await claimOne(held.store, attempt * lease)).toMatchObject({ id })
      }
      const [other] = await enqueue(held.store, 1, maxAttempts * lease)
      expect(await reap(maxAttempts * lease, 77)).toEqual({ requeued: 0, failed: 1 })
      expect(await taskOf(held.store, id)).toMatchObject({
        state: 'failed',
        failures: maxAttempts,
        completedAt: epoch + maxAttempts * lease + 77,
        error: expect.stringContaining('did not renew its lease'),
      })
      expect(await claimOne(held.store, maxAttempts * lease + 1)).toMatchObject({ id: other })
    })

    it('takes back only what has expired', async () => {
      const ids = await enqueue(held.store, 4)
      await claim(held.store, 10, { max: 2 })
      await claim(held.store, 500, { max: 1, worker: 'w2' })
      expect(await reap(lease + 10)).toEqual({ requeued: 2, failed: 0 })
      const states = (await held.store.get(ids)).map((task) => task?.state)
      expect(states).toEqual(['queued', 'queued', 'running', 'queued'])
    })

    it('counts nothing against a task that was handed back in time', async () => {
      const id = await running()
      await held.store.release('w1', [{ id, attempt: 1 }], at(5))
      expect(await reap(lease * 2)).toEqual(none)
      expect(await taskOf(held.store, id)).toMatchObject({ state: 'queued', failures: 0 })
    })

    it('takes a report that comes after the time but before the reaper', async () => {
      const id = await running()
      const report = { id, attempt: 1, result: digest(1) }
      expect(await held.store.complete('w1', packResults([report]), at(lease + 5))).toEqual([
        'done',
      ])
      expect(await reap(lease + 6)).toEqual(none)
    })
  })
}
