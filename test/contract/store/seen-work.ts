/** What a store says of the work that waits and runs, and how long tasks like it have taken. */
import { describe, expect, it } from 'vitest'
import { packResults } from '../../../src/api/reports.ts'
import { oneCpu, type Resources } from '../../../src/core/resources.ts'
import {
  at,
  claim,
  claimOne,
  digest,
  enqueue,
  epoch,
  type Held,
  newId,
  newTask,
  roomy,
} from './held.ts'

export function describeSeenWork(held: Held): void {
  async function newJob(
    count: number,
    { line = '', canary = false, needs = oneCpu } = {},
  ): Promise<void> {
    const id = newId()
    const definition = JSON.stringify({ line })
    await held.jobs.putJob({ id, definition, needs, canary }, at(0))
    const tasks = Array.from({ length: count }, () => ({ ...newTask(), job: id }))
    await held.tasks.enqueue(tasks, at(0))
  }

  const take = (worker: string, ms: number) =>
    claim(held.tasks, ms, { worker, room: roomy, maxWork: 0 })

  async function run(worker: string, from: number, to: number): Promise<void> {
    const [lease] = await take(worker, from)
    const report = { id: lease?.id ?? '', attempt: lease?.attempt ?? 1, result: digest(1) }
    expect(await held.tasks.complete(worker, packResults([report]), at(to))).toEqual(['done'])
  }

  describe('the work that a store sees', () => {
    it('is none at first', async () => {
      expect(await held.tasks.work(at(0))).toEqual({ jobs: [], loose: { running: 0, cost: 0 } })
    })

    it('says of each job what waits, what runs and how long others took', async () => {
      const needs: Resources = { cpus: 2, memory: 1, disk: 0 }
      await newJob(5, { needs })
      await run('w1', 10, 510)
      await run('w2', 20, 120)
      await take('w1', 600)
      const { jobs } = await held.tasks.work(at(700))
      expect(jobs).toEqual([
        {
          needs,
          waiting: 2,
          ended: [
            { worker: 'w2', startedAt: epoch + 20, endedAt: epoch + 120 },
            { worker: 'w1', startedAt: epoch + 10, endedAt: epoch + 510 },
          ],
          running: [{ worker: 'w1', startedAt: epoch + 600 }],
          before: [],
        },
      ])
    })

    it('still shows a job of which nothing waits, until its last task has ended', async () => {
      await newJob(2)
      await run('w1', 10, 20)
      const [last] = await take('w1', 30)
      const seen = async () => (await held.tasks.work(at(40))).jobs.map(({ waiting }) => waiting)
      expect(await seen()).toEqual([0])
      const report = { id: last?.id ?? '', attempt: 1, result: digest(1) }
      await held.tasks.complete('w1', packResults([report]), at(50))
      expect(await seen()).toEqual([])
    })

    it('remembers an earlier job with the same command, until a task has ended', async () => {
      await newJob(1, { line: 'convert {in}' })
      await run('w1', 10, 40)
      await newJob(2, { line: 'convert {in}' })
      await newJob(1, { line: 'other {in}' })
      await newJob(1)
      const earlier = async () => (await held.tasks.work(at(90))).jobs.map((job) => job.before)
      const once = [{ worker: 'w1', startedAt: epoch + 10, endedAt: epoch + 40 }]
      expect(await earlier()).toEqual([once, [], []])
      await run('w1', 50, 80)
      expect(await earlier()).toEqual([[], [], []])
    })

    it('counts one task of a job that a worker is to try first, and none while it does', async () => {
      await newJob(5, { canary: true })
      const waiting = async () => (await held.tasks.work(at(90))).jobs[0]?.waiting
      expect(await waiting()).toBe(1)
      await take('w1', 10)
      expect(await waiting()).toBe(0)
    })

    it('does not count what waits to run again', async () => {
      await newJob(3)
      const [lease] = await take('w1', 10)
      const report = { id: lease?.id ?? '', attempt: 1, error: 'x', delay: 5000 }
      await held.tasks.fail('w1', [report], 5, at(20))
      const waiting = async (ms: number) => (await held.tasks.work(at(ms))).jobs[0]?.waiting
      expect([await waiting(30), await waiting(6000)]).toEqual([2, 3])
    })

    it('says how many tasks without a job run, and what the next cost', async () => {
      const costs = [100, 200, 600]
      await held.tasks.enqueue(
        costs.map((iterations) => newTask({ iterations })),
        at(0),
      )
      const cost = (await held.tasks.work(at(1))).loose.cost
      await claimOne(held.tasks, 2)
      const { loose } = await held.tasks.work(at(3))
      expect(loose.running).toBe(1)
      expect(loose.cost / cost).toBeCloseTo(400 / 300)
      // Leases that are a second old are in the tables.
      await held.tasks.expireLeases(5, at(2000))
      expect((await held.tasks.work(at(2001))).loose.running).toBe(1)
      expect(await enqueue(held.tasks, 1)).toHaveLength(1)
    })
  })
}
