/** What is cleaned up, when, and what never is. */

import { describe, expect, it } from 'vitest'
import { packResults } from '../../../src/core/reports.ts'
import type { Lease } from '../../../src/core/task.ts'
import type { Retention } from '../../../src/node/store/store.ts'
import { at, bytes, claim, digest, enqueue, epoch, type Held, newTask, taskOf } from './held.ts'

const forever: Retention = { keepFor: 1e15, keepMost: 1e9 }
const hour = 3_600_000

export function describeRetention(held: Held): void {
  /** Cleans up until there is nothing to do; how many steps that took. */
  async function tidy(retention: Partial<Retention>, ms: number): Promise<number> {
    for (let steps = 0; steps < 1000; steps += 1) {
      if (!(await held.store.tidy({ ...forever, ...retention }, at(ms)))) return steps
    }
    throw new Error('it never comes to an end')
  }

  async function succeed(count: number, ms: number): Promise<string[]> {
    const ids = await enqueue(held.store, count, ms)
    const leases = await claim(held.store, ms + count, { max: count })
    const reports = leases.map(({ id, attempt }) => ({ id, attempt, result: digest(1) }))
    await held.store.complete('w1', packResults(reports), at(ms + count))
    return ids
  }

  async function fail(ms: number): Promise<string> {
    const [id = ''] = await enqueue(held.store, 1, ms)
    await claim(held.store, ms)
    await held.store.fail('w1', [{ id, attempt: 1, error: 'no', delay: 0 }], 1, at(ms))
    return id
  }

  async function known(ids: string[]): Promise<boolean[]> {
    return (await held.store.get(ids)).map((task) => task !== undefined)
  }

  describe('tidy', () => {
    it('has nothing to do at first, and nothing to queued and running tasks', async () => {
      expect(await tidy({ keepFor: 0, keepMost: 0 }, 0)).toBe(0)
      const ids = await enqueue(held.store, 3)
      await claim(held.store, 10)
      await tidy({ keepFor: 0, keepMost: 0 }, 1e9)
      expect(await known(ids)).toEqual([true, true, true])
      expect(await held.store.stats(at(10))).toMatchObject({ queued: 2, running: 1 })
    })

    it('forgets what has been finished for long enough, and counts it no more', async () => {
      const failed = await fail(0)
      const [cancelled = ''] = await enqueue(held.store, 1)
      await held.store.cancel(cancelled, at(5))
      const [early = '', late = ''] = [...(await succeed(1, 10)), ...(await succeed(1, 1000))]
      await held.store.markPulled([early, late])
      await tidy({ keepFor: hour }, hour - 1)
      expect(await known([failed, cancelled, early, late])).toEqual([true, true, true, true])
      await tidy({ keepFor: hour }, hour + 100)
      expect(await known([failed, cancelled, early, late])).toEqual([false, false, false, true])
      expect(await held.store.stats(at(0))).toMatchObject({ succeeded: 1, failed: 0, cancelled: 0 })
      const { results } = await held.store.results({ limit: 9 })
      expect(results.map(({ id }) => id)).toEqual([late])
    })

    it('forgets the oldest beyond the most', async () => {
      const ids = await succeed(5, 0)
      await held.store.markPulled(ids)
      await tidy({ keepMost: 2 }, 100)
      expect(await known(ids)).toEqual([false, false, false, true, true])
    })

    it('is not held up by results that a clock which was ahead has dated', async () => {
      const year = 8760 * hour
      const ids = await enqueue(held.store, 253)
      await claim(held.store, 300, { max: 253 })
      const reports = ids.map((id) => ({ id, attempt: 1, result: digest(1) }))
      await held.store.complete('w1', packResults(reports.slice(0, 250)), at(300, year))
      await held.store.complete('w1', packResults(reports.slice(250)), at(300))
      await held.store.markPulled(ids)
      await tidy({ keepFor: hour }, 2 * hour)
      const kept = await known(ids)
      expect(kept.slice(0, 250).every(Boolean)).toBe(true)
      expect(kept.slice(250)).toEqual([false, false, false])
    })

    it('never forgets a result that nobody has read', async () => {
      const ids = await succeed(3, 0)
      await held.store.markPulled([ids[1] as string])
      await tidy({ keepFor: 0, keepMost: 0 }, 1e12)
      expect(await known(ids)).toEqual([true, false, true])
      expect(await held.store.stats(at(0))).toMatchObject({ succeeded: 2, unpulled: 2 })
    })

    it('takes a forgotten task that comes again for a new one', async () => {
      const task = newTask({ body: 'again' })
      await held.store.enqueue([task], at(0))
      await held.store.cancel(task.id, at(1))
      await tidy({ keepFor: 0 }, 10)
      expect(await held.store.enqueue([task], at(20))).toEqual(['created'])
      expect(await claim(held.store, 21)).toMatchObject([{ id: task.id, body: bytes('again') }])
    })

    it('works in small steps', async () => {
      await held.store.markPulled(await succeed(1000, 0))
      expect(await tidy({ keepFor: 0 }, 1e6)).toBeGreaterThan(3)
      expect(await held.store.stats(at(0))).toMatchObject({ succeeded: 0 })
    })

    it('keeps the body of whatever may still run, small or large', async () => {
      const bodies = ['a'.repeat(100), 'b'.repeat(3_000_000), 'c'.repeat(900_000)]
      const fill = async () => {
        const tasks = Array.from({ length: 40 }, () => newTask({ body: 'z'.repeat(600_000) }))
        await held.store.enqueue(tasks, at(1))
        for (const { id } of tasks) await held.store.cancel(id, at(1))
      }
      await fill()
      const tasks = bodies.map((body) => newTask({ body }))
      await held.store.enqueue(tasks, at(1))
      await fill()
      // A large one comes alone.
      for (let n = 0; n < 3; n += 1) await claim(held.store, 2, { max: 3 })
      const refs = tasks.map(({ id }) => ({ id, attempt: 1 }))
      await held.store.fail('w1', [{ ...refs[0], error: 'no', delay: 0 } as never], 1, at(3))
      await held.store.fail('w1', [{ ...refs[1], error: 'no', delay: 0 } as never], 5, at(3))
      await held.store.release('w1', [refs[2] as never], at(3))
      expect(await tidy({}, 10)).toBeGreaterThan(0)
      const store = await held.reopen()
      await store.resume(30_000, at(20))
      while (await store.tidy(forever, at(20))) {}
      await store.retry(tasks[0]?.id ?? '', at(20))
      const leases: Lease[] = []
      for (let n = 0; n < 3; n += 1) leases.push(...(await claim(store, 1e6, { max: 9 })))
      const got = new Map(leases.map(({ id, body }) => [id, Buffer.from(body).toString()]))
      expect(got.size).toBe(3)
      for (const [index, { id }] of tasks.entries())
        expect(got.get(id) === bodies[index]).toBe(true)
      expect(await taskOf(store, tasks[0]?.id ?? '')).toMatchObject({ enqueuedAt: epoch + 1 })
    })
  })
}
