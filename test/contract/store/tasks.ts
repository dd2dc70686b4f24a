/** What users do to tasks: enqueue, cancel, retry, get. */

import { describe, expect, it } from 'vitest'
import { packResults } from '../../../src/core/reports.ts'
import { maxIterations } from '../../../src/core/task.ts'
import {
  at,
  bytes,
  claim,
  claimOne,
  digest,
  enqueue,
  epoch,
  type Held,
  lease,
  newId,
  newTask,
  taskOf,
} from './held.ts'

export function describeTasks(held: Held): void {
  describe('enqueue', () => {
    it('makes a queued task', async () => {
      const task = newTask({ body: 'hello', iterations: 7 })
      expect(await held.store.enqueue([task], at(5, 1000))).toEqual(['created'])
      expect(await taskOf(held.store, task.id)).toEqual({
        id: task.id,
        state: 'queued',
        iterations: 7,
        size: 5,
        attempts: 0,
        failures: 0,
        enqueuedAt: epoch + 1005,
      })
    })

    it('knows the same task again, within one call and after it', async () => {
      const task = newTask()
      expect(await held.store.enqueue([task, task], at(0))).toEqual(['created', 'known'])
      expect(await held.store.enqueue([task], at(9))).toEqual(['known'])
      expect(await held.store.stats(at(9))).toMatchObject({ queued: 1, backlog: 1, oldestWait: 9 })
    })

    it('refuses another task of the same id, and changes nothing of the first', async () => {
      const task = newTask({ body: 'one' })
      const others = [newTask({ id: task.id, body: 'two' }), { ...task, iterations: 2 }]
      await held.store.enqueue([task], at(0))
      expect(await held.store.enqueue(others, at(1))).toEqual(['conflict', 'conflict'])
      expect(await claimOne(held.store, 2)).toMatchObject({ iterations: 1, body: bytes('one') })
    })

    it.each(['running', 'succeeded', 'cancelled'])('knows a task that is %s', async (state) => {
      const task = newTask()
      await held.store.enqueue([task], at(0))
      if (state === 'cancelled') await held.store.cancel(task.id, at(1))
      else await claim(held.store, 1)
      const report = { id: task.id, attempt: 1, result: digest(1) }
      if (state === 'succeeded') await held.store.complete('w1', packResults([report]), at(2))
      expect(await held.store.enqueue([task], at(3))).toEqual(['known'])
      expect(await taskOf(held.store, task.id)).toMatchObject({ state })
      expect(await held.store.enqueue([{ ...task, iterations: 9 }], at(3))).toEqual(['conflict'])
    })

    it('answers each task of a bulk in its place', async () => {
      const [a, b] = [newTask(), newTask()]
      await held.store.enqueue([a], at(0))
      const outcomes = await held.store.enqueue([b, a, { ...a, iterations: 3 }], at(1))
      expect(outcomes).toEqual(['created', 'known', 'conflict'])
      expect(await held.store.enqueue([], at(1))).toEqual([])
    })

    it('keeps binary bodies from nothing to 5 MiB', async () => {
      for (const size of [0, 1, 127, 4096, 5 * 1024 ** 2]) {
        const body = new Uint8Array(size).map((_, i) => (i * 31) % 256)
        const task = { ...newTask(), body }
        await held.store.enqueue([{ ...task, body: body.slice() }], at(0))
        const got = await claimOne(held.store, 1)
        expect(got.body).toBeInstanceOf(Uint8Array)
        expect(Buffer.compare(got.body, body)).toBe(0)
        expect(await taskOf(held.store, task.id)).toMatchObject({ size })
      }
    })

    it('keeps a body that is a part of a larger piece of memory', async () => {
      const body = bytes('xxhelloxx').subarray(2, 7)
      await held.store.enqueue([{ ...newTask(), body }], at(0))
      expect((await claimOne(held.store, 1)).body).toEqual(bytes('hello'))
    })

    it('keeps the largest number of iterations', async () => {
      await held.store.enqueue([newTask({ iterations: maxIterations })], at(0))
      expect(await claimOne(held.store, 1)).toMatchObject({ iterations: maxIterations })
    })

    it('keeps tasks apart that many callers enqueue at once', async () => {
      const tasks = Array.from({ length: 50 }, (_, i) => newTask({ body: `body ${i}` }))
      const outcomes = await Promise.all(tasks.map((task) => held.store.enqueue([task], at(0))))
      expect(outcomes.flat()).toEqual(Array(50).fill('created'))
      const leases = await claim(held.store, 1, { max: 100 })
      const byId = new Map(leases.map(({ id, body }) => [id, body]))
      for (const { id, body } of tasks) expect(byId.get(id)).toEqual(body)
    })
  })

  describe('cancel', () => {
    it('ends a queued task', async () => {
      const [id = ''] = await enqueue(held.store, 1)
      const cancelled = { id, state: 'cancelled', completedAt: epoch + 8 }
      expect(await held.store.cancel(id, at(8))).toMatchObject(cancelled)
      expect(await claim(held.store, 9)).toEqual([])
    })

    it('ends a running task, and its worker is told', async () => {
      const [id = ''] = await enqueue(held.store, 1)
      await claim(held.store, 1)
      expect(await held.store.cancel(id, at(2))).toMatchObject({ state: 'cancelled' })
      const ref = { id, attempt: 1 }
      expect(await held.store.renew('w1', [ref], lease, at(3))).toEqual(['lost'])
      const result = digest(1)
      expect(await held.store.complete('w1', packResults([{ ...ref, result }]), at(3))).toEqual([
        'lost',
      ])
      expect(await held.store.fail('w1', [{ ...ref, error: '', delay: 0 }], 5, at(3))).toEqual([
        'lost',
      ])
      expect(await held.store.release('w1', [ref], at(3))).toEqual(['lost'])
      expect(await held.store.reap(5, at(lease * 9))).toEqual({ requeued: 0, failed: 0 })
      expect(await taskOf(held.store, id)).toMatchObject({ state: 'cancelled' })
    })

    it('changes nothing the second time, and nothing of a finished task', async () => {
      const [a = '', b = ''] = await enqueue(held.store, 2)
      await claim(held.store, 5)
      await held.store.complete(
        'w1',
        packResults([{ id: a, attempt: 1, result: digest(1) }]),
        at(6),
      )
      const [succeeded] = await held.store.get([a])
      expect(await held.store.cancel(a, at(7))).toEqual(succeeded)
      const first = await held.store.cancel(b, at(7))
      expect(await held.store.cancel(b, at(8))).toEqual(first)
      expect(await held.store.stats(at(9))).toMatchObject({ succeeded: 1, cancelled: 1, queued: 0 })
    })

    it('does not know an unknown id', async () => {
      expect(await held.store.cancel(newId(), at(0))).toBeUndefined()
    })
  })

  describe('retry', () => {
    async function failed(): Promise<string> {
      const [id = ''] = await enqueue(held.store, 1)
      await claim(held.store, 1)
      await held.store.fail('w1', [{ id, attempt: 1, error: 'broken', delay: 0 }], 1, at(2))
      return id
    }

    it('queues a failed task again, with all its attempts', async () => {
      const id = await failed()
      expect(await taskOf(held.store, id)).toMatchObject({ state: 'failed', failures: 1 })
      const task = await held.store.retry(id, at(10))
      expect(task).toMatchObject({ state: 'queued', attempts: 1, failures: 0 })
      expect(task).not.toHaveProperty('error')
      expect(task).not.toHaveProperty('completedAt')
      expect(await held.store.stats(at(15))).toMatchObject({ failed: 0, queued: 1, oldestWait: 5 })
      expect(await claimOne(held.store, 15)).toMatchObject({ id, attempt: 2, body: bytes('body') })
    })

    it('fences off the worker of the attempt before', async () => {
      const id = await failed()
      await held.store.retry(id, at(10))
      await claim(held.store, 11, { worker: 'w2' })
      const late = { id, attempt: 1, result: digest(9) }
      expect(await held.store.complete('w1', packResults([late]), at(12))).toEqual(['lost'])
    })

    it.each(['queued', 'running', 'succeeded', 'cancelled'])('leaves a %s task', async (state) => {
      const [id = ''] = await enqueue(held.store, 1)
      if (state === 'running' || state === 'succeeded') await claim(held.store, 1)
      const report = { id, attempt: 1, result: digest(1) }
      if (state === 'succeeded') await held.store.complete('w1', packResults([report]), at(2))
      if (state === 'cancelled') await held.store.cancel(id, at(2))
      const before = await taskOf(held.store, id)
      expect(before.state).toBe(state)
      expect(await held.store.retry(id, at(3))).toEqual(before)
    })

    it('does not know an unknown id', async () => {
      expect(await held.store.retry(newId(), at(0))).toBeUndefined()
    })
  })

  it('gets tasks in the order of the ids, undefined for an unknown one', async () => {
    const [a = '', b = ''] = await enqueue(held.store, 2)
    const tasks = await held.store.get([b, newId(), a, b])
    expect(tasks.map((task) => task?.id)).toEqual([b, undefined, a, b])
    expect(await held.store.get([])).toEqual([])
  })
}
