/** Tasks of jobs found by their keys. */
import { describe, expect, it } from 'vitest'
import { packResults } from '../../../src/api/reports.ts'
import { oneCpu } from '../../../src/core/resources.ts'
import type { AcceptedTask } from '../../../src/core/task.ts'
import { at, claim, digest, type Held, newId, newTask } from './held.ts'

const keyOf = (n: number) => n.toString(16).padStart(64, '0')

export function describeKeys(held: Held): void {
  async function enqueue(...keys: number[]): Promise<string[]> {
    const job = newId()
    await held.jobs.putJob({ id: job, definition: '{}', needs: oneCpu }, at(0))
    const tasks = keys.map((n): AcceptedTask => ({ ...newTask(), job, key: keyOf(n) }))
    await held.tasks.enqueue(tasks, at(0))
    return tasks.map(({ id }) => id)
  }

  const find = async (...keys: number[]) =>
    (await held.jobs.tasksByKey(keys.map(keyOf))).map(({ key, id, state }) => [key, id, state])

  const succeed = (id: string) =>
    held.tasks.complete('w1', packResults([{ id, attempt: 1, result: digest(1) }]), at(50))

  describe('the key of a task', () => {
    it('finds it, also after a restart, and nothing else', async () => {
      const [one, two] = await enqueue(1, 2)
      await held.tasks.enqueue([newTask()], at(0))
      const expected = [
        [keyOf(2), two, 'queued'],
        [keyOf(1), one, 'queued'],
      ]
      expect(await find(2, 3, 1)).toEqual(expected)
      await held.reopen()
      expect(await find(2, 3, 1)).toEqual(expected)
      const [found] = await held.jobs.tasksByKey([keyOf(1)])
      expect(found?.job).toBeDefined()
    })

    it('finds a running task, also while its lease is only in memory', async () => {
      const [one] = await enqueue(1)
      await claim(held.tasks, 10)
      expect(await find(1)).toEqual([[keyOf(1), one, 'running']])
      await held.tasks.expireLeases(5, at(2000))
      expect(await find(1)).toEqual([[keyOf(1), one, 'running']])
    })

    it('finds the one of several that is most done, and with its result', async () => {
      const [first = '', second = '', third = ''] = await enqueue(1, 1, 1)
      await claim(held.tasks, 10)
      await claim(held.tasks, 10)
      await held.tasks.expireLeases(5, at(2000))
      expect((await find(1))[0]?.[2]).toBe('running')
      await succeed(first)
      expect(await find(1)).toEqual([[keyOf(1), first, 'succeeded']])
      const [found] = await held.jobs.tasksByKey([keyOf(1)])
      expect(found).toMatchObject({ result: digest(1), completedAt: at(50).wall })
      await succeed(second)
      expect(await find(1)).toEqual([[keyOf(1), second, 'succeeded']])
      expect(third).not.toBe('')
    })

    it('does not find a task that failed or was cancelled, until it is retried', async () => {
      const [one = '', two = ''] = await enqueue(1, 2)
      await claim(held.tasks, 10)
      await held.tasks.fail('w1', [{ id: one, attempt: 1, error: 'x', delay: 0 }], 1, at(20))
      await held.tasks.cancel(two, at(20))
      expect(await find(1, 2)).toEqual([])
      await held.tasks.retry(one, at(30))
      expect(await find(1, 2)).toEqual([[keyOf(1), one, 'queued']])
    })

    it('is forgotten with its task', async () => {
      const [one = ''] = await enqueue(1)
      await claim(held.tasks, 10)
      await succeed(one)
      await held.tasks.markPulled([one])
      while (await held.tasks.prune({ keepFor: 1000, keepMost: 1000 }, at(60_000))) {}
      expect(await find(1)).toEqual([])
    })
  })
}
