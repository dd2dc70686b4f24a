/** How many tasks claims take before a task. */
import { describe, expect, it } from 'vitest'
import { oneCpu } from '../../../src/core/resources.ts'
import { at, claim, enqueue, type Held, newId, newTask, roomy } from './held.ts'

export function describePosition(held: Held): void {
  const position = (id = '', ms = 100, most = 1000) => held.tasks.position(id, most, at(ms))

  async function newJob(count: number, { canary = false } = {}): Promise<string[]> {
    const job = newId()
    await held.jobs.putJob({ id: job, definition: '{}', needs: oneCpu, canary }, at(0))
    const tasks = Array.from({ length: count }, () => ({ ...newTask(), job }))
    await held.tasks.enqueue(tasks, at(0))
    return tasks.map(({ id }) => id)
  }

  describe('the position of a task', () => {
    it('is how many are taken before it', async () => {
      const ids = await enqueue(held.tasks, 3)
      expect(await Promise.all(ids.map((id) => position(id)))).toEqual([0, 1, 2])
      await claim(held.tasks, 10)
      expect(await Promise.all(ids.map((id) => position(id)))).toEqual([undefined, 0, 1])
    })

    it('is not counted further than asked', async () => {
      const ids = await enqueue(held.tasks, 5)
      expect(await position(ids[4], 100, 2)).toBe(2)
      expect(await position(ids[1], 100, 2)).toBe(1)
    })

    it('is none of a task that runs, has ended, waits for a time, or is not there', async () => {
      const [id = ''] = await enqueue(held.tasks, 1)
      await claim(held.tasks, 10)
      const reports = [{ id, attempt: 1, error: 'x', delay: 1000 }]
      await held.tasks.fail('w1', reports, 5, at(20))
      expect(await position(id, 500)).toBeUndefined()
      expect(await position(id, 1020)).toBe(0)
      await held.tasks.cancel(id, at(2000))
      expect(await position(id, 2000)).toBeUndefined()
      expect(await position(newId())).toBeUndefined()
    })

    it('counts what comes back before what came later', async () => {
      const [first = '', second = ''] = await enqueue(held.tasks, 2)
      const [lease] = await claim(held.tasks, 10)
      await held.tasks.release('w1', [{ id: lease?.id ?? '', attempt: 1 }], at(20))
      expect(await position(first)).toBe(0)
      expect(await position(second)).toBe(1)
    })

    it('of a task of a job counts earlier jobs, but not those that are paused or tried', async () => {
      const earlier = await newJob(2)
      const tried = await newJob(4, { canary: true })
      const later = await newJob(2)
      expect(await position(later[1])).toBe(7)
      await claim(held.tasks, 10, { worker: 'w2', max: 3, room: roomy })
      expect(await position(later[1])).toBe(1)
      expect(await position(tried[3])).toBe(2)
      expect(earlier).toHaveLength(2)
    })

    it('counts tasks without a job before one of a job that came later, and the other way round', async () => {
      await enqueue(held.tasks, 3)
      const [of] = await newJob(2)
      // A job of this test begins at 0, as does the first task.
      expect(await position(of)).toBe(1)
      const [later] = await enqueue(held.tasks, 1, 50)
      expect(await position(later)).toBe(5)
    })

    it('does not count a paused job', async () => {
      const job = newId()
      await held.jobs.putJob({ id: job, definition: '{}', needs: oneCpu }, at(0))
      await held.tasks.enqueue([{ ...newTask(), job }], at(0))
      const [later] = await newJob(1)
      expect(await position(later)).toBe(1)
      await held.jobs.pauseJob(job, 'enough')
      expect(await position(later)).toBe(0)
    })
  })
}
