/** Jobs that are paused because their tasks fail. */
import { describe, expect, it } from 'vitest'
import { packResults } from '../../../src/api/reports.ts'
import { oneCpu } from '../../../src/core/resources.ts'
import { at, claim, digest, enqueue, type Held, newId, newTask, roomy } from './held.ts'

export function describePauses(held: Held): void {
  let ms = 0

  async function newJob(count: number, failFast?: number): Promise<string> {
    const id = newId()
    await held.jobs.putJob({ id, definition: '{}', needs: oneCpu, failFast }, at(0))
    const tasks = Array.from({ length: count }, () => ({ ...newTask(), job: id }))
    await held.tasks.enqueue(tasks, at(0))
    return id
  }

  const pausedOf = async (job: string) => (await held.jobs.getJob(job))?.paused

  /** Runs tasks one by one, each to this end: a reason to fail, or success. */
  async function run(...ends: (string | undefined)[]): Promise<void> {
    for (const reason of ends) {
      ms += 10
      const [lease] = await claim(held.tasks, ms)
      if (!lease) throw new Error('there was nothing to claim')
      const { id, attempt } = lease
      const report = { id, attempt, error: `${reason}: no luck`, delay: 0, final: true }
      if (reason !== undefined) {
        await held.tasks.fail('w1', [{ ...report, alike: reason }], 5, at(ms + 1))
      } else {
        await held.tasks.complete('w1', packResults([{ id, attempt, result: digest(1) }]), at(ms))
      }
    }
  }

  const times = (count: number, reason: string | undefined) =>
    Array.from({ length: count }, () => reason)
  const claimed = async () => (await claim(held.tasks, 1e6, { max: 99, room: roomy })).length

  describe('a job whose first ten tasks fail alike', () => {
    const reason = 'the first 10 tasks failed alike: exit 1: no luck'

    it('is paused: none of its tasks is leased any more, also after a restart', async () => {
      const job = await newJob(12)
      await run(...times(9, 'exit 1'))
      expect(await pausedOf(job)).toBeUndefined()
      await run('exit 1')
      expect(await pausedOf(job)).toBe(reason)
      expect((await held.jobs.listJobs())[0]?.paused).toBe(reason)
      expect(await claimed()).toBe(0)
      await held.reopen()
      expect([await pausedOf(job), await claimed()]).toEqual([reason, 0])
    })

    it('counts them over a restart', async () => {
      const job = await newJob(12)
      await run(...times(6, 'exit 1'))
      await held.reopen()
      await run(...times(4, 'exit 1'))
      expect(await pausedOf(job)).toBe(reason)
    })

    it('is no backlog, and holds up nobody else', async () => {
      await newJob(15)
      await run(...times(10, 'exit 1'))
      const none = { queued: 5, backlog: 0, oldestWait: 0 }
      expect(await held.tasks.stats(at(1e6))).toMatchObject(none)
      const [other] = await enqueue(held.tasks, 1)
      expect(await held.tasks.stats(at(1e6))).toMatchObject({ queued: 6, backlog: 1 })
      expect((await claim(held.tasks, 1e6)).map(({ id }) => id)).toEqual([other])
      await newJob(1)
      expect(await claimed()).toBe(1)
    })

    it('is told once', async () => {
      const job = await newJob(12)
      await run(...times(10, 'exit 1'))
      expect(await held.jobs.takePauses()).toEqual([{ id: job, reason }])
      expect(await held.jobs.takePauses()).toEqual([])
    })

    it('takes what comes meanwhile, and what others hand back', async () => {
      const job = await newJob(12)
      const [running] = await claim(held.tasks, 1)
      await run(...times(10, 'exit 1'))
      const { id = '', attempt = 0 } = running ?? {}
      await held.tasks.release('w1', [{ id, attempt }], at(1000))
      await held.tasks.enqueue([{ ...newTask(), job }], at(1000))
      expect(await held.tasks.stats(at(1e6))).toMatchObject({ queued: 3, backlog: 0 })
      expect(await claimed()).toBe(0)
      await held.tasks.cancel(id, at(1000))
      expect(await held.tasks.stats(at(1e6))).toMatchObject({ queued: 2, backlog: 0 })
      await held.jobs.goOnWithJob(job)
      expect(await held.tasks.stats(at(1e6))).toMatchObject({ queued: 2, backlog: 2 })
    })

    it('goes on when somebody says so, and is paused again if it is no better', async () => {
      const job = await newJob(30)
      await run(...times(10, 'exit 1'))
      expect(await held.jobs.goOnWithJob(job)).toBe(true)
      expect(await held.jobs.goOnWithJob(job)).toBe(false)
      expect(await pausedOf(job)).toBeUndefined()
      await run(...times(9, 'exit 1'))
      expect(await pausedOf(job)).toBeUndefined()
      await run('exit 1')
      expect(await pausedOf(job)).toBe(reason)
    })
  })

  describe('a job', () => {
    it('goes on if its failures differ, or a task has succeeded', async () => {
      const one = await newJob(20)
      await run(...times(5, 'exit 1'), 'exit 2', ...times(14, 'exit 1'))
      const other = await newJob(12)
      await run(undefined, ...times(11, 'exit 1'))
      expect([await pausedOf(one), await pausedOf(other)]).toEqual([undefined, undefined])
    })

    it('with a number of failures is paused by these, whatever has succeeded', async () => {
      const job = await newJob(20, 3)
      await run('exit 1', undefined, 'exit 2')
      expect(await pausedOf(job)).toBeUndefined()
      await run('exit 3')
      expect(await pausedOf(job)).toBe('3 tasks failed, the last: exit 3: no luck')
    })

    it('does not count attempts that are followed by another', async () => {
      const job = await newJob(1, 1)
      const [lease] = await claim(held.tasks, 10)
      const { id = '', attempt = 0 } = lease ?? {}
      await held.tasks.fail('w1', [{ id, attempt, error: 'x', delay: 0 }], 5, at(20))
      expect(await pausedOf(job)).toBeUndefined()
    })

    it('is paused by another node, which it does not tell', async () => {
      const job = await newJob(3)
      expect(await held.jobs.pauseJob(job, 'others failed')).toBe(true)
      expect(await held.jobs.pauseJob(job, 'again')).toBe(false)
      expect([await pausedOf(job), await claimed()]).toEqual(['others failed', 0])
      expect(await held.jobs.takePauses()).toEqual([])
      await expect(held.jobs.pauseJob(newId(), 'x')).rejects.toMatchObject({ code: 'not_found' })
    })
  })
}
