/** Jobs that one worker tries first. */
import { describe, expect, it } from 'vitest'
import { packResults } from '../../../src/api/reports.ts'
import { oneCpu } from '../../../src/core/resources.ts'
import { at, claim, digest, type Held, lease, newId, newTask, roomy } from './held.ts'

export function describeCanaries(held: Held): void {
  async function newJob(count: number, canary = true): Promise<string> {
    const id = newId()
    await held.jobs.putJob({ id, definition: '{}', needs: oneCpu, canary }, at(0))
    const tasks = Array.from({ length: count }, () => ({ ...newTask(), job: id }))
    await held.tasks.enqueue(tasks, at(0))
    return id
  }

  const take = (worker: string, ms: number, max = 1) =>
    claim(held.tasks, ms, { worker, max, room: roomy })

  const succeed = (worker: string, id: string, ms: number) =>
    held.tasks.complete(worker, packResults([{ id, attempt: 1, result: digest(1) }]), at(ms))

  /** Whether the store says that there is more once another worker has succeeded. */
  async function isHeld(worker: string, ms: number): Promise<boolean> {
    const request = { worker, max: 1, maxWork: 1, maxBytes: 1e9, room: roomy, lease }
    const { count, isHeld } = await held.tasks.claim(request, at(ms))
    expect(count).toBe(0)
    return isHeld === true
  }

  const tried = async (job: string) => (await held.jobs.getJob(job))?.isBeingTried

  describe('a job with a canary', () => {
    it('is leased to one worker until a task has succeeded, then to all', async () => {
      const job = await newJob(9)
      const [first] = await take('w1', 10)
      expect(await isHeld('w2', 20)).toBe(true)
      expect(await take('w1', 30, 2)).toHaveLength(2)
      expect(await tried(job)).toBe(true)
      await succeed('w1', first?.id ?? '', 40)
      expect(await tried(job)).toBeUndefined()
      expect(await take('w2', 50, 2)).toHaveLength(2)
      expect(await take('w3', 50, 9)).toHaveLength(4)
    })

    it('stays so over a restart, and its success is remembered', async () => {
      await newJob(4)
      const [first] = await take('w1', 10)
      await held.reopen()
      expect(await isHeld('w2', 20)).toBe(true)
      await succeed('w1', first?.id ?? '', 30)
      await held.reopen()
      expect(await take('w1', 40)).toHaveLength(1)
      expect(await take('w2', 40)).toHaveLength(1)
    })

    it('goes to another worker when the first has no lease of it any more', async () => {
      await newJob(5)
      const [first] = await take('w1', 10)
      const report = { id: first?.id ?? '', attempt: 1, error: 'x', delay: 0, final: true }
      await held.tasks.fail('w1', [report], 5, at(20))
      const [second] = await take('w2', 30)
      expect(await isHeld('w1', 40)).toBe(true)
      await held.tasks.release('w2', [{ id: second?.id ?? '', attempt: 1 }], at(50))
      expect(await take('w3', 60)).toHaveLength(1)
      // Its lease expires: it died, or lost contact.
      expect(await isHeld('w4', 70)).toBe(true)
      await held.tasks.expireLeases(5, at(lease + 1000))
      expect(await take('w4', lease + 2000)).toHaveLength(1)
    })

    it('waits for no second worker: what is queued behind it is no backlog', async () => {
      await newJob(9)
      const before = await held.tasks.stats(at(100))
      expect(before).toMatchObject({ backlog: 9, jobs: [{ tasks: 9, canary: true }] })
      expect(before.beingTried).toBeUndefined()
      const [first] = await take('w1', 100)
      const during = await held.tasks.stats(at(200))
      expect(during).toMatchObject({
        queued: 8,
        backlog: 0,
        oldestWait: 0,
        jobs: [],
        beingTried: 1,
      })
      await succeed('w1', first?.id ?? '', 300)
      const after = await held.tasks.stats(at(400))
      expect(after).toMatchObject({ backlog: 8, jobs: [{ tasks: 8 }] })
      expect(after.jobs[0]?.canary).toBeUndefined()
    })

    it('holds up no other job', async () => {
      await newJob(2)
      await newJob(2, false)
      await take('w1', 10)
      expect(await take('w2', 20, 9)).toHaveLength(2)
      expect(await held.tasks.stats(at(30))).toMatchObject({ queued: 1, backlog: 0 })
    })
  })
}
