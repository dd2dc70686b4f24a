/** What is kept of attempts that failed, and for how long. */
import { describe, expect, it } from 'vitest'
import { packResults } from '../../../src/api/reports.ts'
import { oneCpu } from '../../../src/core/resources.ts'
import { at, claim, claimOne, digest, enqueue, type Held, newId, newTask } from './held.ts'

const keep = { keepFor: 1000, keepMost: 1000 }
const manyAttempts = 100

export function describeFailedAttempts(held: Held): void {
  async function newJobTask(): Promise<string> {
    const job = newId()
    await held.jobs.putJob({ id: job, definition: '{}', needs: oneCpu }, at(0))
    const task = { ...newTask(), job }
    await held.tasks.enqueue([task], at(0))
    return task.id
  }

  const report = (id: string, attempt: number) => ({
    id,
    attempt,
    error: `exit ${attempt}`,
    delay: 0,
    ending: `{"exit":${attempt}}`,
    stdout: { text: `out ${attempt}\0`, bytes: 70_000 },
    stderr: { text: `err ${attempt} \u001b[31mé`, bytes: 10 },
  })

  /** Begins the next attempt, and fails it. */
  async function failNext(id: string, ms: number, final = false): Promise<number> {
    const { attempt } = await claimOne(held.tasks, ms)
    const reports = [{ ...report(id, attempt), final }]
    expect(await held.tasks.fail('w1', reports, manyAttempts, at(ms + 5))).toEqual(['done'])
    return attempt
  }

  async function prune(ms: number): Promise<void> {
    while (await held.tasks.prune(keep, at(ms))) {}
  }

  const numbers = async (id: string) =>
    (await held.jobs.failedAttempts(id))?.map(({ attempt }) => attempt)

  describe('a failed attempt of a job’s task', () => {
    it('is kept with its ending and what it wrote, byte for byte, also after a restart', async () => {
      const id = await newJobTask()
      expect(await numbers(id)).toEqual([])
      await failNext(id, 10)
      const { delay: _, id: __, ...said } = report(id, 1)
      const times = { startedAt: at(10).wall, endedAt: at(15).wall }
      const kept = [{ ...said, worker: 'w1', ...times }]
      expect(await held.jobs.failedAttempts(id)).toEqual(kept)
      await held.reopen()
      expect(await held.jobs.failedAttempts(id)).toEqual(kept)
    })

    it('is kept once, whatever is reported again or late', async () => {
      const id = await newJobTask()
      await failNext(id, 10)
      expect(await held.tasks.fail('w1', [report(id, 1)], manyAttempts, at(20))).toEqual(['done'])
      expect(await held.tasks.fail('w2', [report(id, 1)], manyAttempts, at(20))).toEqual([
        'foreign',
      ])
      expect(await held.tasks.fail('w1', [report(id, 2)], manyAttempts, at(20))).toEqual(['lost'])
      expect(await numbers(id)).toEqual([1])
    })

    it('is one of the newest three', async () => {
      const id = await newJobTask()
      for (let n = 1; n <= 5; n += 1) await failNext(id, n * 10)
      expect(await numbers(id)).toEqual([3, 4, 5])
    })

    it('is not one that was lost with its worker', async () => {
      const id = await newJobTask()
      await claimOne(held.tasks, 10)
      await held.tasks.expireLeases(manyAttempts, at(100_000))
      await failNext(id, 100_010)
      expect(await numbers(id)).toEqual([2])
    })

    it('stays when the task succeeds or is retried, and goes with it', async () => {
      const id = await newJobTask()
      const other = await newJobTask()
      await failNext(id, 10, true)
      await held.tasks.retry(id, at(20))
      await claim(held.tasks, 30, { max: 2 })
      await held.tasks.complete('w1', packResults([{ id, attempt: 2, result: digest(1) }]), at(40))
      expect(await numbers(id)).toEqual([1])
      await held.tasks.markPulled([id])
      await prune(60_000)
      expect(await numbers(id)).toBeUndefined()
      expect(await numbers(other)).toEqual([])
    })

    it('shows its ending with the task until that has a result', async () => {
      const id = await newJobTask()
      const ending = async () => (await held.tasks.get([id]))[0]?.ending
      expect(await ending()).toBeUndefined()
      await failNext(id, 10)
      expect(await ending()).toBe('{"exit":1}')
      await claimOne(held.tasks, 20)
      await held.tasks.complete('w1', packResults([{ id, attempt: 2, result: digest(1) }]), at(30))
      expect(await ending()).toBeUndefined()
    })

    it('of a task without a job leaves nothing, and an unknown task has none', async () => {
      const [id = ''] = await enqueue(held.tasks, 1)
      await failNext(id, 10)
      expect(await numbers(id)).toEqual([])
      expect(await numbers(newId())).toBeUndefined()
    })
  })

  describe('the tasks whose id begins with some digits', () => {
    it('are found by any part of the id, in order, whatever their state', async () => {
      const ids = await enqueue(held.tasks, 3)
      await claimOne(held.tasks, 10)
      const digits = (ids[1] as string).replaceAll('-', '')
      const found = async (prefix: string, limit = 9) =>
        (await held.tasks.withBeginning(prefix, limit)).map(({ id }) => id)
      expect(await found(digits)).toEqual([ids[1]])
      expect(await found(digits.slice(0, 9))).toEqual(ids)
      expect(await found(digits.slice(0, 9), 2)).toEqual(ids.slice(0, 2))
      expect(await found('ffff')).toEqual([])
      const [first] = await held.tasks.withBeginning((ids[0] as string).replaceAll('-', ''), 1)
      expect(first?.state).toBe('running')
    })
  })
}
