/** Reading: pages of tasks and results, counts, and the node's documents. */

import { describe, expect, it } from 'vitest'
import { packResults } from '../../../src/api/reports.ts'
import type { TaskState } from '../../../src/core/task.ts'
import { at, claim, digest, enqueue, epoch, type Held, newId, newTask, taskOf } from './held.ts'

export function describeReading(held: Held): void {
  /** `count` succeeded tasks; the last one to finish is the last of the list. */
  async function succeed(count: number): Promise<string[]> {
    const ids = await enqueue(held.tasks, count)
    await claim(held.tasks, 1000, { max: count })
    for (const [i, id] of ids.entries()) {
      await held.tasks.complete(
        'w1',
        packResults([{ id, attempt: 1, result: digest(i) }]),
        at(2000 + i),
      )
    }
    return ids
  }

  async function pages<T>(
    read: (cursor?: number) => Promise<{ items: T[]; next: number | undefined }>,
  ): Promise<T[][]> {
    const all: T[][] = []
    let cursor: number | undefined
    do {
      const { items, next } = await read(cursor)
      all.push(items)
      cursor = next
    } while (cursor !== undefined && all.length < 50)
    return all
  }

  const listed = (limit: number, state?: TaskState) =>
    pages(async (cursor) => {
      const { tasks, next } = await held.tasks.list({ limit, cursor, state })
      return { items: tasks.map(({ id }) => id), next }
    })

  describe('list', () => {
    it('is empty at first', async () => {
      expect(await held.tasks.list({ limit: 9 })).toEqual({ tasks: [], next: undefined })
    })

    it('gives all in the order of arrival, with pages of any size', async () => {
      const ids = await enqueue(held.tasks, 7)
      for (const limit of [1, 2, 3, 6, 7, 8]) {
        const all = await listed(limit)
        expect(all.flat()).toEqual(ids)
        expect(all.every((page) => page.length <= limit)).toBe(true)
      }
    })

    it('gives the same tasks as get', async () => {
      const ids = await succeed(3)
      const { tasks } = await held.tasks.list({ limit: 9 })
      expect(tasks).toEqual(await held.tasks.get(ids))
    })

    it('gives only tasks in a state, with pages of any size', async () => {
      const ids = await enqueue(held.tasks, 6)
      for (const i of [1, 3, 4]) await held.tasks.cancel(ids[i] as string, at(10))
      for (const limit of [1, 2, 3, 9]) {
        expect((await listed(limit, 'cancelled')).flat()).toEqual([ids[1], ids[3], ids[4]])
        expect((await listed(limit, 'queued')).flat()).toEqual([ids[0], ids[2], ids[5]])
        expect((await listed(limit, 'failed')).flat()).toEqual([])
      }
    })

    it('continues where the page before ended, whatever has come meanwhile', async () => {
      const ids = await enqueue(held.tasks, 3)
      const first = await held.tasks.list({ limit: 2 })
      const more = await enqueue(held.tasks, 1, 50)
      const second = await held.tasks.list({ limit: 9, cursor: first.next })
      expect(second.tasks.map(({ id }) => id)).toEqual([ids[2], ...more])
    })
  })

  describe('results', () => {
    it('are empty at first', async () => {
      expect(await held.tasks.results({ limit: 9 })).toEqual({ results: [], next: undefined })
    })

    it('have the result, the times and the attempts', async () => {
      const [id] = await succeed(1)
      expect((await held.tasks.results({ limit: 1 })).results).toEqual([
        {
          id,
          kind: 'sha512',
          spec: '{"iterations":1}',
          result: digest(0),
          completedAt: epoch + 2000,
          attempts: 1,
          took: 1000,
        },
      ])
    })

    it('come newest first, with pages of any size', async () => {
      const ids = await succeed(5)
      for (const limit of [1, 2, 5, 6]) {
        const all = await pages(async (cursor) => {
          const { results, next } = await held.tasks.results({ limit, cursor })
          return { items: results.map((one) => one.id), next }
        })
        expect(all.flat()).toEqual(ids.toReversed())
      }
    })

    it('keep their order when the wall clock goes back', async () => {
      const ids = await enqueue(held.tasks, 2)
      await claim(held.tasks, 10, { max: 2 })
      const [first = '', second = ''] = ids
      await held.tasks.complete(
        'w1',
        packResults([{ id: first, attempt: 1, result: digest(1) }]),
        at(20),
      )
      const back = at(30, -86_400_000)
      await held.tasks.complete(
        'w1',
        packResults([{ id: second, attempt: 1, result: digest(2) }]),
        back,
      )
      const { results } = await held.tasks.results({ limit: 9 })
      expect(results.map(({ id }) => id)).toEqual([second, first])
      expect(results.every(({ took }) => took >= 0)).toBe(true)
    })

    it('stay after they are read', async () => {
      const ids = await succeed(2)
      await held.tasks.markPulled(ids)
      expect((await held.tasks.results({ limit: 9 })).results).toHaveLength(2)
    })
  })

  describe('markPulled', () => {
    it('counts each result once, and nothing but results', async () => {
      const [a = '', b = ''] = await succeed(2)
      const [queued = ''] = await enqueue(held.tasks, 1, 5000)
      expect(await held.tasks.stats(at(9000))).toMatchObject({ unpulled: 2 })
      await held.tasks.markPulled([a, a, newId(), queued])
      await held.tasks.markPulled([a])
      expect(await held.tasks.stats(at(9000))).toMatchObject({ unpulled: 1 })
      await held.tasks.markPulled([b])
      await held.tasks.markPulled([])
      expect(await held.tasks.stats(at(9000))).toMatchObject({ unpulled: 0, succeeded: 2 })
    })
  })

  describe('stats', () => {
    const zero = { queued: 0, running: 0, succeeded: 0, failed: 0, cancelled: 0 }

    it('are zero at first', async () => {
      const nothing = { ...zero, backlog: 0, oldestWait: 0, jobs: [], looseWait: 0, unpulled: 0 }
      expect(await held.tasks.stats(at(0))).toEqual(nothing)
    })

    it('count every state', async () => {
      const ids = await enqueue(held.tasks, 6)
      await claim(held.tasks, 10, { max: 3 })
      const [a = '', b = '', , d = ''] = ids
      await held.tasks.complete(
        'w1',
        packResults([{ id: a, attempt: 1, result: digest(1) }]),
        at(20),
      )
      await held.tasks.fail('w1', [{ id: b, attempt: 1, error: 'no', delay: 0 }], 1, at(20))
      await held.tasks.cancel(d, at(20))
      expect(await held.tasks.stats(at(105))).toEqual({
        queued: 2,
        running: 1,
        succeeded: 1,
        failed: 1,
        cancelled: 1,
        backlog: 2,
        oldestWait: 101,
        jobs: [],
        looseWait: 101,
        unpulled: 1,
      })
    })

    it('count a delayed task in the backlog only from its time on', async () => {
      const [id = ''] = await enqueue(held.tasks, 1)
      await claim(held.tasks, 1)
      await held.tasks.fail('w1', [{ id, attempt: 1, error: 'no', delay: 1000 }], 5, at(10))
      const stats = (ms: number) => held.tasks.stats(at(ms))
      expect(await stats(1009)).toMatchObject({ queued: 1, backlog: 0, oldestWait: 0 })
      expect(await stats(1010)).toMatchObject({ queued: 1, backlog: 1, oldestWait: 0 })
      expect(await stats(1500)).toMatchObject({ queued: 1, backlog: 1, oldestWait: 490 })
    })

    it('measure the wait in steady time', async () => {
      await held.tasks.enqueue([newTask()], at(0, 86_400_000))
      expect(await held.tasks.stats(at(70, -86_400_000))).toMatchObject({ oldestWait: 70 })
    })
  })

  describe('load and save', () => {
    it('knows nothing at first', async () => {
      expect(await held.documents.load('loans')).toBeUndefined()
    })

    it('keeps any JSON', async () => {
      for (const value of [{ a: [1, 'x', null, { b: true }] }, [], 'text', 0, null, false]) {
        await held.documents.save('key', value)
        expect(await held.documents.load('key')).toEqual(value)
      }
    })

    it('replaces a value, and keeps keys apart', async () => {
      await held.documents.save('a', 1)
      await held.documents.save('b', 2)
      await held.documents.save('a', { three: 3 })
      expect(await held.documents.load('a')).toEqual({ three: 3 })
      expect(await held.documents.load('b')).toBe(2)
    })
  })

  it('runs calls in their order, even if the caller does not wait in between', async () => {
    const task = newTask()
    const [, [lease], verdicts, after] = await Promise.all([
      held.tasks.enqueue([task], at(0)),
      claim(held.tasks, 1),
      held.tasks.complete(
        'w1',
        packResults([{ id: task.id, attempt: 1, result: digest(4) }]),
        at(2),
      ),
      taskOf(held.tasks, task.id),
    ])
    expect([lease?.id, verdicts]).toEqual([task.id, ['done']])
    expect(after).toMatchObject({ state: 'succeeded', result: digest(4) })
  })
}
