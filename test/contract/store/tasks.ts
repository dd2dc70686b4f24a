/** What users do to tasks: enqueue, cancel, retry, get. */

import { describe, expect, it } from 'vitest'
import { packResults } from '../../../src/api/reports.ts'
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
      expect(await held.tasks.enqueue([task], at(5, 1000))).toEqual(['created'])
      expect(await taskOf(held.tasks, task.id)).toEqual({
        id: task.id,
        state: 'queued',
        kind: task.kind,
        spec: task.spec,
        size: 5,
        attempts: 0,
        failures: 0,
        enqueuedAt: epoch + 1005,
      })
    })

    it('knows a task that comes again, in the same call or later', async () => {
      const task = newTask()
      expect(await held.tasks.enqueue([task, task], at(0))).toEqual(['created', 'known'])
      expect(await held.tasks.enqueue([task], at(9))).toEqual(['known'])
      expect(await held.tasks.stats(at(9))).toMatchObject({ queued: 1, backlog: 1, oldestWait: 9 })
    })

    it('refuses another task with the same id, and leaves the first unchanged', async () => {
      const task = newTask({ body: 'one' })
      const others = [
        newTask({ id: task.id, body: 'two' }),
        { ...task, spec: newTask({ iterations: 2 }).spec },
      ]
      await held.tasks.enqueue([task], at(0))
      expect(await held.tasks.enqueue(others, at(1))).toEqual(['conflict', 'conflict'])
      expect(await claimOne(held.tasks, 2)).toMatchObject({
        spec: JSON.parse(task.spec),
        body: bytes('one'),
      })
    })

    it.each(['running', 'succeeded', 'cancelled'])('knows a task that is %s', async (state) => {
      const task = newTask()
      await held.tasks.enqueue([task], at(0))
      if (state === 'cancelled') await held.tasks.cancel(task.id, at(1))
      else await claim(held.tasks, 1)
      const report = { id: task.id, attempt: 1, result: digest(1) }
      if (state === 'succeeded') await held.tasks.complete('w1', packResults([report]), at(2))
      expect(await held.tasks.enqueue([task], at(3))).toEqual(['known'])
      expect(await taskOf(held.tasks, task.id)).toMatchObject({ state })
      expect(await held.tasks.enqueue([{ ...task, kind: 'another' }], at(3))).toEqual(['conflict'])
    })

    it('gives outcomes in the order of the tasks', async () => {
      const [a, b] = [newTask(), newTask()]
      await held.tasks.enqueue([a], at(0))
      const outcomes = await held.tasks.enqueue([b, a, { ...a, spec: '{}' }], at(1))
      expect(outcomes).toEqual(['created', 'known', 'conflict'])
      expect(await held.tasks.enqueue([], at(1))).toEqual([])
    })

    it('keeps binary bodies of 0 bytes to 5 MiB', async () => {
      for (const size of [0, 1, 127, 4096, 5 * 1024 ** 2]) {
        const body = new Uint8Array(size).map((_, i) => (i * 31) % 256)
        const task = { ...newTask(), body }
        await held.tasks.enqueue([{ ...task, body: body.slice() }], at(0))
        const got = await claimOne(held.tasks, 1)
        expect(got.body).toBeInstanceOf(Uint8Array)
        expect(Buffer.compare(got.body, body)).toBe(0)
        expect(await taskOf(held.tasks, task.id)).toMatchObject({ size })
      }
    })

    it('keeps a body that is a view into a larger buffer', async () => {
      const body = bytes('xxhelloxx').subarray(2, 7)
      await held.tasks.enqueue([{ ...newTask(), body }], at(0))
      expect((await claimOne(held.tasks, 1)).body).toEqual(bytes('hello'))
    })

    it('keeps kind, spec and cost as they are, whatever they mean', async () => {
      const cost = Number.MAX_SAFE_INTEGER
      const spec = '{"anything":["at all",null,1e300]}'
      await held.tasks.enqueue([{ ...newTask(), kind: 'of my own', spec, cost }], at(0))
      const expected = { kind: 'of my own', spec: JSON.parse(spec), cost }
      expect(await claimOne(held.tasks, 1)).toMatchObject(expected)
    })

    it('keeps tasks apart that callers enqueue at the same time', async () => {
      const tasks = Array.from({ length: 50 }, (_, i) => newTask({ body: `body ${i}` }))
      const outcomes = await Promise.all(tasks.map((task) => held.tasks.enqueue([task], at(0))))
      expect(outcomes.flat()).toEqual(Array(50).fill('created'))
      const leases = await claim(held.tasks, 1, { max: 100 })
      const byId = new Map(leases.map(({ id, body }) => [id, body]))
      for (const { id, body } of tasks) expect(byId.get(id)).toEqual(body)
    })
  })

  describe('cancel', () => {
    it('ends a queued task', async () => {
      const [id = ''] = await enqueue(held.tasks, 1)
      const cancelled = { id, state: 'cancelled', completedAt: epoch + 8 }
      expect(await held.tasks.cancel(id, at(8))).toMatchObject(cancelled)
      expect(await claim(held.tasks, 9)).toEqual([])
    })

    it('ends a running task; its worker learns it from its next report', async () => {
      const [id = ''] = await enqueue(held.tasks, 1)
      await claim(held.tasks, 1)
      expect(await held.tasks.cancel(id, at(2))).toMatchObject({ state: 'cancelled' })
      const ref = { id, attempt: 1 }
      expect(await held.tasks.renew('w1', [ref], lease, at(3))).toEqual(['lost'])
      const result = digest(1)
      expect(await held.tasks.complete('w1', packResults([{ ...ref, result }]), at(3))).toEqual([
        'lost',
      ])
      expect(await held.tasks.fail('w1', [{ ...ref, error: '', delay: 0 }], 5, at(3))).toEqual([
        'lost',
      ])
      expect(await held.tasks.release('w1', [ref], at(3))).toEqual(['lost'])
      expect(await held.tasks.expireLeases(5, at(lease * 9))).toEqual({ requeued: 0, failed: 0 })
      expect(await taskOf(held.tasks, id)).toMatchObject({ state: 'cancelled' })
    })

    it('changes nothing the second time, and no finished task', async () => {
      const [a = '', b = ''] = await enqueue(held.tasks, 2)
      await claim(held.tasks, 5)
      await held.tasks.complete(
        'w1',
        packResults([{ id: a, attempt: 1, result: digest(1) }]),
        at(6),
      )
      const [succeeded] = await held.tasks.get([a])
      expect(await held.tasks.cancel(a, at(7))).toEqual(succeeded)
      const first = await held.tasks.cancel(b, at(7))
      expect(await held.tasks.cancel(b, at(8))).toEqual(first)
      expect(await held.tasks.stats(at(9))).toMatchObject({ succeeded: 1, cancelled: 1, queued: 0 })
    })

    it('gives undefined for an unknown id', async () => {
      expect(await held.tasks.cancel(newId(), at(0))).toBeUndefined()
    })
  })

  describe('retry', () => {
    async function failed(): Promise<string> {
      const [id = ''] = await enqueue(held.tasks, 1)
      await claim(held.tasks, 1)
      await held.tasks.fail('w1', [{ id, attempt: 1, error: 'broken', delay: 0 }], 1, at(2))
      return id
    }

    it('queues a failed task again, with all its attempts', async () => {
      const id = await failed()
      expect(await taskOf(held.tasks, id)).toMatchObject({ state: 'failed', failures: 1 })
      const task = await held.tasks.retry(id, at(10))
      expect(task).toMatchObject({ state: 'queued', attempts: 1, failures: 0 })
      expect(task).not.toHaveProperty('error')
      expect(task).not.toHaveProperty('completedAt')
      expect(await held.tasks.stats(at(15))).toMatchObject({ failed: 0, queued: 1, oldestWait: 5 })
      expect(await claimOne(held.tasks, 15)).toMatchObject({ id, attempt: 2, body: bytes('body') })
    })

    it('fences off the worker of the attempt before', async () => {
      const id = await failed()
      await held.tasks.retry(id, at(10))
      await claim(held.tasks, 11, { worker: 'w2' })
      const late = { id, attempt: 1, result: digest(9) }
      expect(await held.tasks.complete('w1', packResults([late]), at(12))).toEqual(['lost'])
    })

    it.each(['queued', 'running', 'succeeded', 'cancelled'])('leaves a %s task', async (state) => {
      const [id = ''] = await enqueue(held.tasks, 1)
      if (state === 'running' || state === 'succeeded') await claim(held.tasks, 1)
      const report = { id, attempt: 1, result: digest(1) }
      if (state === 'succeeded') await held.tasks.complete('w1', packResults([report]), at(2))
      if (state === 'cancelled') await held.tasks.cancel(id, at(2))
      const before = await taskOf(held.tasks, id)
      expect(before.state).toBe(state)
      expect(await held.tasks.retry(id, at(3))).toEqual(before)
    })

    it('gives undefined for an unknown id', async () => {
      expect(await held.tasks.retry(newId(), at(0))).toBeUndefined()
    })
  })

  it('gets tasks in the order of the ids, undefined for an unknown id', async () => {
    const [a = '', b = ''] = await enqueue(held.tasks, 2)
    const tasks = await held.tasks.get([b, newId(), a, b])
    expect(tasks.map((task) => task?.id)).toEqual([b, undefined, a, b])
    expect(await held.tasks.get([])).toEqual([])
  })
}
