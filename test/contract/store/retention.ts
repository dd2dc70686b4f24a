/** What is removed, when, and what is never removed. */

import { describe, expect, it } from 'vitest'
import { packResults } from '../../../src/api/reports.ts'
import { oneCpu } from '../../../src/core/resources.ts'
import type { Lease } from '../../../src/core/task.ts'
import type { Retention } from '../../../src/node/store/task-store.ts'
import {
  at,
  bytes,
  claim,
  digest,
  enqueue,
  epoch,
  type Held,
  newId,
  newTask,
  roomy,
  taskOf,
} from './held.ts'

const forever: Retention = { keepFor: 1e15, keepMost: 1e9 }
const hour = 3_600_000

export function describeRetention(held: Held): void {
  /** Prunes until there is nothing to do. Gives the number of steps. */
  async function prune(retention: Partial<Retention>, ms: number): Promise<number> {
    for (let steps = 0; steps < 1000; steps += 1) {
      if (!(await held.tasks.prune({ ...forever, ...retention }, at(ms)))) return steps
    }
    throw new Error('it never comes to an end')
  }

  async function succeed(count: number, ms: number): Promise<string[]> {
    const ids = await enqueue(held.tasks, count, ms)
    const leases = await claim(held.tasks, ms + count, { max: count })
    const reports = leases.map(({ id, attempt }) => ({ id, attempt, result: digest(1) }))
    await held.tasks.complete('w1', packResults(reports), at(ms + count))
    return ids
  }

  async function fail(ms: number): Promise<string> {
    const [id = ''] = await enqueue(held.tasks, 1, ms)
    await claim(held.tasks, ms)
    await held.tasks.fail('w1', [{ id, attempt: 1, error: 'no', delay: 0 }], 1, at(ms))
    return id
  }

  async function known(ids: string[]): Promise<boolean[]> {
    return (await held.tasks.get(ids)).map((task) => task !== undefined)
  }

  describe('prune', () => {
    it('removes no queued or running task', async () => {
      expect(await prune({ keepFor: 0, keepMost: 0 }, 0)).toBe(0)
      const ids = await enqueue(held.tasks, 3)
      await claim(held.tasks, 10)
      await prune({ keepFor: 0, keepMost: 0 }, 1e9)
      expect(await known(ids)).toEqual([true, true, true])
      expect(await held.tasks.stats(at(10))).toMatchObject({ queued: 2, running: 1 })
    })

    it('removes finished tasks that are old enough, also from the counts', async () => {
      const failed = await fail(0)
      const [cancelled = ''] = await enqueue(held.tasks, 1)
      await held.tasks.cancel(cancelled, at(5))
      const [early = '', late = ''] = [...(await succeed(1, 10)), ...(await succeed(1, 1000))]
      await held.tasks.markPulled([early, late])
      await prune({ keepFor: hour }, hour - 1)
      expect(await known([failed, cancelled, early, late])).toEqual([true, true, true, true])
      await prune({ keepFor: hour }, hour + 100)
      expect(await known([failed, cancelled, early, late])).toEqual([false, false, false, true])
      expect(await held.tasks.stats(at(0))).toMatchObject({ succeeded: 1, failed: 0, cancelled: 0 })
      const { results } = await held.tasks.results({ limit: 9 })
      expect(results.map(({ id }) => id)).toEqual([late])
    })

    it('removes the oldest beyond `keepMost`', async () => {
      const ids = await succeed(5, 0)
      await held.tasks.markPulled(ids)
      await prune({ keepMost: 2 }, 100)
      expect(await known(ids)).toEqual([false, false, false, true, true])
    })

    it('is not held up by results with dates in the future', async () => {
      const year = 8760 * hour
      const ids = await enqueue(held.tasks, 253)
      await claim(held.tasks, 300, { max: 253 })
      const reports = ids.map((id) => ({ id, attempt: 1, result: digest(1) }))
      await held.tasks.complete('w1', packResults(reports.slice(0, 250)), at(300, year))
      await held.tasks.complete('w1', packResults(reports.slice(250)), at(300))
      await held.tasks.markPulled(ids)
      await prune({ keepFor: hour }, 2 * hour)
      const kept = await known(ids)
      expect(kept.slice(0, 250).every(Boolean)).toBe(true)
      expect(kept.slice(250)).toEqual([false, false, false])
    })

    it('never removes a result that nobody has read', async () => {
      const ids = await succeed(3, 0)
      await held.tasks.markPulled([ids[1] as string])
      await prune({ keepFor: 0, keepMost: 0 }, 1e12)
      expect(await known(ids)).toEqual([true, false, true])
      expect(await held.tasks.stats(at(0))).toMatchObject({ succeeded: 2, unpulled: 2 })
    })

    it('removes tasks of jobs whose outputs were read earlier than all others, if that is asked for', async () => {
      const failed = await Promise.all(Array.from({ length: 250 }, () => fail(0)))
      const loose = await succeed(2, 10)
      const job = newId()
      await held.jobs.putJob({ id: job, definition: '{}', needs: oneCpu }, at(0))
      const tasks = [newTask(), newTask()].map((task) => ({ ...task, job }))
      await held.tasks.enqueue(tasks, at(20))
      const leases = await claim(held.tasks, 20, { max: 2, room: roomy })
      const reports = leases.map(({ id, attempt }) => ({ id, attempt, result: digest(1) }))
      await held.tasks.complete('w1', packResults(reports), at(20))
      const [read = '', unread = ''] = tasks.map(({ id }) => id)
      await held.tasks.markPulled([read, ...loose])
      await prune({ keepFor: hour, keepPulledFor: 1000 }, 500)
      expect(await known([read])).toEqual([true])
      await prune({ keepFor: hour, keepPulledFor: 1000 }, 2000)
      expect(await known([read, unread, ...loose])).toEqual([false, true, true, true])
      expect(await held.tasks.stats(at(2000))).toMatchObject({ succeeded: 3, failed: 250 })
      expect((await known(failed)).every(Boolean)).toBe(true)
    })

    it('says how much of the disk is used again', async () => {
      const tasks = Array.from({ length: 4 }, () => newTask({ body: 'z'.repeat(2_000_000) }))
      await held.tasks.enqueue(tasks, at(0))
      const before = await held.tasks.reusableBytes()
      for (const { id } of tasks) await held.tasks.cancel(id, at(1))
      await prune({}, 2)
      expect((await held.tasks.reusableBytes()) - before).toBeGreaterThan(7_500_000)
    })

    it('takes a removed task that comes again for a new task', async () => {
      const task = newTask({ body: 'again' })
      await held.tasks.enqueue([task], at(0))
      await held.tasks.cancel(task.id, at(1))
      await prune({ keepFor: 0 }, 10)
      expect(await held.tasks.enqueue([task], at(20))).toEqual(['created'])
      expect(await claim(held.tasks, 21)).toMatchObject([{ id: task.id, body: bytes('again') }])
    })

    it('works in small steps', async () => {
      await held.tasks.markPulled(await succeed(1000, 0))
      expect(await prune({ keepFor: 0 }, 1e6)).toBeGreaterThan(3)
      expect(await held.tasks.stats(at(0))).toMatchObject({ succeeded: 0 })
    })

    it('keeps the body of every task that may still run, small or large', async () => {
      const bodies = ['a'.repeat(100), 'b'.repeat(3_000_000), 'c'.repeat(900_000)]
      const fill = async () => {
        const tasks = Array.from({ length: 40 }, () => newTask({ body: 'z'.repeat(600_000) }))
        await held.tasks.enqueue(tasks, at(1))
        for (const { id } of tasks) await held.tasks.cancel(id, at(1))
      }
      await fill()
      const tasks = bodies.map((body) => newTask({ body }))
      await held.tasks.enqueue(tasks, at(1))
      await fill()
      // A large task is leased alone.
      for (let n = 0; n < 3; n += 1) await claim(held.tasks, 2, { max: 3 })
      const refs = tasks.map(({ id }) => ({ id, attempt: 1 }))
      await held.tasks.fail('w1', [{ ...refs[0], error: 'no', delay: 0 } as never], 1, at(3))
      await held.tasks.fail('w1', [{ ...refs[1], error: 'no', delay: 0 } as never], 5, at(3))
      await held.tasks.release('w1', [refs[2] as never], at(3))
      expect(await prune({}, 10)).toBeGreaterThan(0)
      const store = await held.reopen()
      await store.resume(30_000, at(20))
      while (await store.prune(forever, at(20))) {}
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
