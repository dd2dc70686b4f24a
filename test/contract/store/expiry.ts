/** When a lease expires that is not renewed, and what happens to its task. */

import { describe, expect, it } from 'vitest'
import { packResults } from '../../../src/api/reports.ts'
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
  const expireLeases = (ms: number, jump = 0) => held.tasks.expireLeases(maxAttempts, at(ms, jump))

  async function running(): Promise<string> {
    await enqueue(held.tasks, 1)
    return (await claimOne(held.tasks, 0)).id
  }

  describe('expireLeases', () => {
    it('takes a lease back at its end, and not before', async () => {
      const id = await running()
      expect(await expireLeases(lease - 1)).toEqual(none)
      expect(await taskOf(held.tasks, id)).toMatchObject({ state: 'running' })
      expect(await expireLeases(lease)).toEqual(one)
      expect(await taskOf(held.tasks, id)).toMatchObject({ state: 'queued', failures: 1 })
      expect(await expireLeases(lease)).toEqual(none)
    })

    it('names the worker that was lost', async () => {
      const id = await running()
      await expireLeases(lease)
      expect((await taskOf(held.tasks, id)).error).toContain('w1')
    })

    it('gives a renewed lease a whole period from the renewal', async () => {
      const id = await running()
      const renewed = await held.tasks.renew('w1', [{ id, attempt: 1 }], lease, at(lease - 1))
      expect(renewed).toEqual(['done'])
      expect(await expireLeases(2 * lease - 2)).toEqual(none)
      expect(await expireLeases(2 * lease - 1)).toEqual(one)
    })

    it('ignores jumps of the wall clock in both directions', async () => {
      const id = await running()
      expect(await expireLeases(10, 365 * 86_400_000)).toEqual(none)
      const jumped = at(20, -86_400_000)
      expect(await held.tasks.renew('w1', [{ id, attempt: 1 }], lease, jumped)).toEqual(['done'])
      expect(await expireLeases(19 + lease, 86_400_000)).toEqual(none)
      expect(await expireLeases(20 + lease, -86_400_000)).toEqual(one)
    })

    it('queues the task to run at once, before younger tasks', async () => {
      const id = await running()
      await expireLeases(lease)
      await enqueue(held.tasks, 1, lease + 1)
      const next = await claimOne(held.tasks, lease + 2, 'w2')
      expect(next).toMatchObject({ id, attempt: 2 })
    })

    it('fences off the worker that comes back', async () => {
      const id = await running()
      await expireLeases(lease)
      const result = digest(1)
      const late = () =>
        held.tasks.complete('w1', packResults([{ id, attempt: 1, result }]), at(lease + 1))
      expect(await late()).toEqual(['lost'])
      expect(await held.tasks.renew('w1', [{ id, attempt: 1 }], lease, at(lease + 1))).toEqual([
        'lost',
      ])
      await claim(held.tasks, lease + 2, { worker: 'w2' })
      expect(await late()).toEqual(['lost'])
      const report = { id, attempt: 2, result: digest(2) }
      expect(await held.tasks.complete('w2', packResults([report]), at(lease + 3))).toEqual([
        'done',
      ])
    })

    it('fails the task after its last attempt, and later tasks run', async () => {
      const id = await running()
      for (let attempt = 1; attempt < maxAttempts; attempt++) {
        expect(await expireLeases(attempt * lease)).toEqual(one)
        expect(await claimOne(held.tasks, attempt * lease)).toMatchObject({ id })
      }
      const [other] = await enqueue(held.tasks, 1, maxAttempts * lease)
      expect(await expireLeases(maxAttempts * lease, 77)).toEqual({ requeued: 0, failed: 1 })
      expect(await taskOf(held.tasks, id)).toMatchObject({
        state: 'failed',
        failures: maxAttempts,
        completedAt: epoch + maxAttempts * lease + 77,
        error: expect.stringContaining('did not renew its lease'),
      })
      expect(await claimOne(held.tasks, maxAttempts * lease + 1)).toMatchObject({ id: other })
    })

    it('takes back only expired leases', async () => {
      const ids = await enqueue(held.tasks, 4)
      await claim(held.tasks, 10, { max: 2 })
      await claim(held.tasks, 500, { max: 1, worker: 'w2' })
      expect(await expireLeases(lease + 10)).toEqual({ requeued: 2, failed: 0 })
      const states = (await held.tasks.get(ids)).map((task) => task?.state)
      expect(states).toEqual(['queued', 'queued', 'running', 'queued'])
    })

    it('counts no failure of a task that was handed back in time', async () => {
      const id = await running()
      await held.tasks.release('w1', [{ id, attempt: 1 }], at(5))
      expect(await expireLeases(lease * 2)).toEqual(none)
      expect(await taskOf(held.tasks, id)).toMatchObject({ state: 'queued', failures: 0 })
    })

    it('accepts a report after the end of the lease if nobody has taken it back yet', async () => {
      const id = await running()
      const report = { id, attempt: 1, result: digest(1) }
      expect(await held.tasks.complete('w1', packResults([report]), at(lease + 5))).toEqual([
        'done',
      ])
      expect(await expireLeases(lease + 6)).toEqual(none)
    })
  })
}
