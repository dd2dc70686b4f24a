/** What is read: lists and results page by page, counts, and the node's own small documents. */

import { describe, expect, it } from 'vitest'
import { packResults } from '../../../src/core/reports.ts'
import type { TaskState } from '../../../src/core/task.ts'
import {
  at,
  claim,
  digest,
  enqueue,
  epoch,
  type Held,
  hexOf,
  newId,
  newTask,
  taskOf,
} from './held.ts'

export function describeReading(held: Held): void {
  /** So many succeeded tasks; the last one to finish is the last of the list. */
  async function succeed(count: number): Promise<string[]> {
    const ids = await enqueue(held.store, count)
    await claim(held.store, 1000, { max: count })
    for (const [i, id] of ids.entries()) {
      await held.store.complete(
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
      const { tasks, next } = await held.store.list({ limit, cursor, state })
      return { items: tasks.map(({ id }) => id), next }
    })

  describe('list', () => {
    it('is empty at first', async () => {
      expect(await held.store.list({ limit: 9 })).toEqual({ tasks: [], next: undefined })
    })

    it('gives all in the order of arrival, with any number a page', async () => {
      const ids = await enqueue(held.store, 7)
      for (const limit of [1, 2, 3, 6, 7, 8]) {
        const all = await listed(limit)
        expect(all.flat()).toEqual(ids)
        expect(all.every((page) => page.length <= limit)).toBe(true)
      }
    })

    it('gives the same tasks as get', async () => {
      const ids = await succeed(3)
      const { tasks } = await held.store.list({ limit: 9 })
      expect(tasks).toEqual(await held.store.get(ids))
    })

    it('gives only those in a state, with any number a page', async () => {
      const ids = await enqueue(held.store, 6)
      for (const i of [1, 3, 4]) await held.store.cancel(ids[i] as string, at(10))
      for (const limit of [1, 2, 3, 9]) {
        expect((await listed(limit, 'cancelled')).flat()).toEqual([ids[1], ids[3], ids[4]])
        expect((await listed(limit, 'queued')).flat()).toEqual([ids[0], ids[2], ids[5]])
        expect((await listed(limit, 'failed')).flat()).toEqual([])
      }
    })

    it('goes on where it was, whatever has come meanwhile', async () => {
      const ids = await enqueue(held.store, 3)
      const first = await held.store.list({ limit: 2 })
      const more = await enqueue(held.store, 1, 50)
      const second = await held.store.list({ limit: 9, cursor: first.next })
      expect(second.tasks.map(({ id }) => id)).toEqual([ids[2], ...more])
    })
  })

  describe('results', () => {
    it('are empty at first', async () => {
      expect(await held.store.results({ limit: 9 })).toEqual({ results: [], next: undefined })
    })

    it('say what became of the task', async () => {
      const [id] = await succeed(1)
      expect((await held.store.results({ limit: 1 })).results).toEqual([
        {
          id,
          result: hexOf(0),
          iterations: 1,
          completedAt: epoch + 2000,
          attempts: 1,
          took: 1000,
        },
      ])
    })

    it('come newest first, with any number a page', async () => {
      const ids = await succeed(5)
      for (const limit of [1, 2, 5, 6]) {
        const all = await pages(async (cursor) => {
          const { results, next } = await held.store.results({ limit, cursor })
          return { items: results.map((one) => one.id), next }
        })
        expect(all.flat()).toEqual(ids.toReversed())
      }
    })

    it('keep their order when the wall clock goes back', async () => {
      const ids = await enqueue(held.store, 2)
      await claim(held.store, 10, { max: 2 })
      const [first = '', second = ''] = ids
      await held.store.complete(
        'w1',
        packResults([{ id: first, attempt: 1, result: digest(1) }]),
        at(20),
      )
      const back = at(30, -86_400_000)
      await held.store.complete(
        'w1',
        packResults([{ id: second, attempt: 1, result: digest(2) }]),
        back,
      )
      const { results } = await held.store.results({ limit: 9 })
      expect(results.map(({ id }) => id)).toEqual([second, first])
      expect(results.every(({ took }) => took >= 0)).toBe(true)
    })

    it('are not removed by reading', async () => {
      const ids = await succeed(2)
      await held.store.markPulled(ids)
      expect((await held.store.results({ limit: 9 })).results).toHaveLength(2)
    })
  })

  describe('markPulled', () => {
    it('counts each result once, and only results', async () => {
      const [a = '', b = ''] = await succeed(2)
      const [queued = ''] = await enqueue(held.store, 1, 5000)
      expect(await held.store.stats(at(9000))).toMatchObject({ unpulled: 2 })
      await held.store.markPulled([a, a, newId(), queued])
      await held.store.markPulled([a])
      expect(await held.store.stats(at(9000))).toMatchObject({ unpulled: 1 })
      await held.store.markPulled([b])
      await held.store.markPulled([])
      expect(await held.store.stats(at(9000))).toMatchObject({ unpulled: 0, succeeded: 2 })
    })
  })

  describe('stats', () => {
    const zero = { queued: 0, running: 0, succeeded: 0, failed: 0, cancelled: 0 }

    it('are zero at first', async () => {
      const nothing = { ...zero, backlog: 0, oldestWait: 0, unpulled: 0 }
      expect(await held.store.stats(at(0))).toEqual(nothing)
    })

    it('count every state', async () => {
      const ids = await enqueue(held.store, 6)
      await claim(held.store, 10, { max: 3 })
      const [a = '', b = '', , d = ''] = ids
      await held.store.complete(
        'w1',
        packResults([{ id: a, attempt: 1, result: digest(1) }]),
        at(20),
      )
      await held.store.fail('w1', [{ id: b, attempt: 1, error: 'no', delay: 0 }], 1, at(20))
      await held.store.cancel(d, at(20))
      expect(await held.store.stats(at(105))).toEqual({
        queued: 2,
        running: 1,
        succeeded: 1,
        failed: 1,
        cancelled: 1,
        backlog: 2,
        oldestWait: 101,
        unpulled: 1,
      })
    })

    it('leave a delayed task out of the backlog until its time', async () => {
      const [id = ''] = await enqueue(held.store, 1)
      await claim(held.store, 1)
      await held.store.fail('w1', [{ id, attempt: 1, error: 'no', delay: 1000 }], 5, at(10))
      const stats = (ms: number) => held.store.stats(at(ms))
      expect(await stats(1009)).toMatchObject({ queued: 1, backlog: 0, oldestWait: 0 })
      expect(await stats(1010)).toMatchObject({ queued: 1, backlog: 1, oldestWait: 0 })
      expect(await stats(1500)).toMatchObject({ queued: 1, backlog: 1, oldestWait: 490 })
    })

    it('measure the wait in steady time', async () => {
      await held.store.enqueue([newTask()], at(0, 86_400_000))
      expect(await held.store.stats(at(70, -86_400_000))).toMatchObject({ oldestWait: 70 })
    })
  })

  describe('load and save', () => {
    it('knows nothing at first', async () => {
      expect(await held.store.load('loans')).toBeUndefined()
    })

    it('keeps what JSON can say', async () => {
      for (const value of [{ a: [1, 'x', null, { b: true }] }, [], 'text', 0, null, false]) {
        await held.store.save('key', value)
        expect(await held.store.load('key')).toEqual(value)
      }
    })

    it('replaces a value, and keeps keys apart', async () => {
      await held.store.save('a', 1)
      await held.store.save('b', 2)
      await held.store.save('a', { three: 3 })
      expect(await held.store.load('a')).toEqual({ three: 3 })
      expect(await held.store.load('b')).toBe(2)
    })
  })

  it('reads its own writes in the order they were asked for, without waiting in between', async () => {
    const task = newTask()
    const [, [lease], verdicts, after] = await Promise.all([
      held.store.enqueue([task], at(0)),
      claim(held.store, 1),
      held.store.complete(
        'w1',
        packResults([{ id: task.id, attempt: 1, result: digest(4) }]),
        at(2),
      ),
      taskOf(held.store, task.id),
    ])
    expect([lease?.id, verdicts]).toEqual([task.id, ['done']])
    expect(after).toMatchObject({ state: 'succeeded', result: hexOf(4) })
  })
}
