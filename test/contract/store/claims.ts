/** Which tasks a claim takes, in which order, and how many. */
import { describe, expect, it } from 'vitest'
import { at, bytes, claim, claimOne, enqueue, epoch, type Held, newTask, taskOf } from './held.ts'

export function describeClaims(held: Held): void {
  describe('claim', () => {
    it('begins an attempt of the task', async () => {
      const task = newTask({ body: 'data', iterations: 3 })
      await held.tasks.enqueue([task], at(0))
      const { kind, cost } = task
      const work = { kind, cost, spec: { iterations: 3 } }
      const expected = { id: task.id, attempt: 1, ...work, body: bytes('data') }
      expect(await claim(held.tasks, 8)).toEqual([expected])
      expect(await taskOf(held.tasks, task.id)).toMatchObject({
        state: 'running',
        attempts: 1,
        failures: 0,
        startedAt: epoch + 8,
        worker: 'w1',
      })
    })

    it('gives nothing if the queue is empty', async () => {
      expect(await claim(held.tasks, 0, { max: 10 })).toEqual([])
    })

    it('gives the oldest first', async () => {
      const ids = await enqueue(held.tasks, 5)
      const first = await claim(held.tasks, 10, { max: 2 })
      const second = await claim(held.tasks, 10, { max: 9, worker: 'w2' })
      expect([...first, ...second].map(({ id }) => id)).toEqual(ids)
    })

    it('keeps the order of one call, and of the same millisecond', async () => {
      const tasks = Array.from({ length: 20 }, () => newTask())
      await held.tasks.enqueue(tasks.slice(0, 10), at(0))
      await held.tasks.enqueue(tasks.slice(10), at(0))
      const ids = (await claim(held.tasks, 0, { max: 20 })).map(({ id }) => id)
      expect(ids).toEqual(tasks.map(({ id }) => id))
    })

    it('gives no task to two workers', async () => {
      const ids = await enqueue(held.tasks, 20)
      const workers = Array.from({ length: 8 }, (_, i) => `w${i}`)
      const leases = await Promise.all(
        workers.map((worker) => claim(held.tasks, 50, { worker, max: 5 })),
      )
      expect(
        leases
          .flat()
          .map(({ id }) => id)
          .sort(),
      ).toEqual(ids)
    })

    it('takes at most `max` tasks', async () => {
      await enqueue(held.tasks, 5)
      expect(await claim(held.tasks, 10, { max: 3 })).toHaveLength(3)
      expect(await claim(held.tasks, 10, { max: 3 })).toHaveLength(2)
      expect(await claim(held.tasks, 10, { max: 3 })).toHaveLength(0)
    })

    // Ten tasks of 4 bytes; the work of each is ten blocks.
    const ten = () => Array.from({ length: 10 }, () => newTask({ body: 'four', iterations: 10 }))

    /** How many of the ten tasks a claim takes; hands them back. */
    async function countOf(budget: { maxWork?: number; maxBytes?: number }): Promise<number> {
      const leases = await claim(held.tasks, 1, { max: 99, ...budget })
      await held.tasks.release('w1', leases, at(1))
      return leases.length
    }

    it('takes no more once their work reaches `maxWork`, but at least one unless that is 0', async () => {
      await held.tasks.enqueue(ten(), at(0))
      const counts = { 0: 0, 1: 1, 10: 1, 11: 2, 30: 3, 31: 4, 100: 10, 1000: 10 }
      for (const [maxWork, count] of Object.entries(counts)) {
        expect(await countOf({ maxWork: Number(maxWork) }), maxWork).toBe(count)
      }
    })

    it('takes no more than `maxBytes`, but at least one', async () => {
      await held.tasks.enqueue(ten(), at(0))
      const counts = { 0: 1, 3: 1, 4: 1, 7: 1, 8: 2, 11: 2, 40: 10, 1000: 10 }
      for (const [maxBytes, count] of Object.entries(counts)) {
        expect(await countOf({ maxBytes: Number(maxBytes) }), maxBytes).toBe(count)
      }
    })

    it('leases a large task alone, and never skips it for small ones', async () => {
      const large = newTask({ iterations: 1_000_000 })
      await held.tasks.enqueue([newTask(), large, newTask()], at(0))
      const budget = { max: 99, maxWork: 100, maxBytes: 1000 }
      expect(await claim(held.tasks, 1, budget)).toHaveLength(2)
      expect(await claim(held.tasks, 1, budget)).toHaveLength(1)
      expect(await taskOf(held.tasks, large.id)).toMatchObject({ state: 'running' })
    })

    it('gives a delayed task not before its time, and after tasks that waited longer', async () => {
      const [id = ''] = await enqueue(held.tasks, 1)
      await claim(held.tasks, 1)
      await held.tasks.fail('w1', [{ id, attempt: 1, error: 'no', delay: 1000 }], 5, at(10))
      expect(await taskOf(held.tasks, id)).toMatchObject({ state: 'queued', runAt: epoch + 1010 })
      expect(await claim(held.tasks, 1009)).toEqual([])
      const [other] = await enqueue(held.tasks, 1, 500)
      const order = (await claim(held.tasks, 1010, { max: 2 })).map((one) => one.id)
      expect(order).toEqual([other, id])
    })

    it('ignores the wall clock', async () => {
      const [id = ''] = await enqueue(held.tasks, 1)
      await claim(held.tasks, 1)
      await held.tasks.fail('w1', [{ id, attempt: 1, error: 'no', delay: 1000 }], 5, at(10))
      const request = { worker: 'w1', max: 1, maxWork: 1, maxBytes: 1, lease: 1000 }
      expect((await held.tasks.claim(request, at(1009, 86_400_000))).count).toBe(0)
      expect((await held.tasks.claim(request, at(1010, -86_400_000))).count).toBe(1)
    })

    it('accepts fractions of steady milliseconds', async () => {
      await held.tasks.enqueue([newTask()], { steady: epoch + 0.75, wall: epoch })
      const { id } = await claimOne(held.tasks, 2)
      const now = { steady: epoch + 2.2, wall: epoch }
      await held.tasks.fail('w1', [{ id, attempt: 1, error: 'no', delay: 99.9 }], 5, now)
      const request = { worker: 'w1', max: 1, maxWork: 1, maxBytes: 1, lease: 99.5 }
      const again = { steady: epoch + 200.3, wall: epoch }
      expect((await held.tasks.claim(request, again)).count).toBe(1)
      expect(await held.tasks.expireLeases(5, at(301))).toEqual({ requeued: 1, failed: 0 })
    })
  })
}
