/** How far a job is. */
import { describe, expect, it } from 'vitest'
import { packResults } from '../../../src/api/reports.ts'
import { oneCpu } from '../../../src/core/resources.ts'
import { at, claim, digest, enqueue, type Held, newId, newTask, roomy } from './held.ts'

export function describeJobProgress(held: Held): void {
  async function newJob(count: number): Promise<{ job: string; ids: string[] }> {
    const job = newId()
    await held.jobs.putJob({ id: job, definition: '{}', needs: oneCpu }, at(0))
    const tasks = Array.from({ length: count }, () => ({ ...newTask(), job }))
    await held.tasks.enqueue(tasks, at(0))
    return { job, ids: tasks.map(({ id }) => id) }
  }

  const progress = async (job: string, ms: number, limit = 10) => {
    const found = await held.jobs.jobProgress(job, limit, at(ms))
    const ids = (tasks: { id: string }[] = []) => tasks.map(({ id }) => id)
    return { running: ids(found?.running), failed: ids(found?.failed), pace: found?.pace }
  }

  describe('the progress of a job', () => {
    it('has its oldest running tasks and its first failures', async () => {
      await enqueue(held.tasks, 1)
      const { job, ids } = await newJob(6)
      await claim(held.tasks, 10, { max: 4, room: roomy })
      const fail = async (index: number, ms: number) => {
        const reports = [{ id: ids[index] as string, attempt: 1, error: 'x', delay: 0 }]
        await held.tasks.fail('w1', reports, index === 0 ? 5 : 1, at(ms))
      }
      await fail(2, 20)
      await fail(1, 30)
      // The first task begins again: it is now the youngest of those that run.
      await fail(0, 40)
      for (const ms of [50, 60, 70, 80]) await claim(held.tasks, ms)
      const expected = { running: [ids[3], ids[4], ids[5], ids[0]], failed: [ids[1], ids[2]] }
      expect(await progress(job, 100)).toMatchObject(expected)
      await held.tasks.expireLeases(5, at(5000))
      expect(await progress(job, 5000)).toMatchObject(expected)
      expect((await progress(job, 100, 1)).failed).toEqual([ids[1]])
      const [oldest] = (await held.jobs.jobProgress(job, 1, at(100)))?.running ?? []
      expect(oldest).toMatchObject({ state: 'running', startedAt: at(10).wall })
    })

    it('has the first task that waits', async () => {
      const { job, ids } = await newJob(3)
      const next = async () => (await held.jobs.jobProgress(job, 1, at(100)))?.next?.id
      expect(await next()).toBe(ids[0])
      await claim(held.tasks, 10, { max: 2, room: roomy })
      expect(await next()).toBe(ids[2])
      await claim(held.tasks, 10, { room: roomy })
      expect(await next()).toBeUndefined()
    })

    it('has the pace of its own tasks', async () => {
      const { job, ids } = await newJob(3)
      const others = await enqueue(held.tasks, 1, 1)
      await claim(held.tasks, 10, { max: 9, room: roomy })
      await claim(held.tasks, 10)
      const succeed = (id = '', ms = 0) =>
        held.tasks.complete('w1', packResults([{ id, attempt: 1, result: digest(1) }]), at(ms))
      await succeed(ids[0], 1000)
      await succeed(others[0], 1500)
      await succeed(ids[1], 2000)
      expect((await progress(job, 4000)).pace).toEqual({ ended: 2, ms: 4000 })
      expect((await progress(job, 500_000)).pace).toEqual({ ended: 2, ms: 499_000 })
    })

    it('is not known of a job that the store has not', async () => {
      expect(await held.jobs.jobProgress(newId(), 10, at(0))).toBeUndefined()
      const { job } = await newJob(0)
      expect(await progress(job, 10)).toMatchObject({ running: [], failed: [], pace: { ended: 0 } })
    })
  })
}
