/** Jobs, their tasks, and the outputs of attempts. */
import { describe, expect, it } from 'vitest'
import { packResults } from '../../../src/api/reports.ts'
import { oneCpu } from '../../../src/core/resources.ts'
import type { JobStore } from '../../../src/node/store/job-store.ts'
import {
  at,
  bytes,
  claim,
  claimOne,
  digest,
  enqueue,
  type Held,
  lease,
  maxAttempts,
  newId,
  newTask,
  roomy,
  taskOf,
} from './held.ts'

const keep = { keepFor: 1000, keepMost: 1000 }

export function describeJobs(held: Held): void {
  const definition = '{"line":"true"}'

  /** A job with so many tasks. */
  async function newJob(count: number): Promise<{ job: string; ids: string[] }> {
    const job = newId()
    await held.jobs.putJob({ id: job, definition, needs: oneCpu }, at(0))
    const tasks = Array.from({ length: count }, () => ({ ...newTask(), job }))
    await held.tasks.enqueue(tasks, at(0))
    return { job, ids: tasks.map(({ id }) => id) }
  }

  async function countsOf(store: JobStore, job: string) {
    return (await store.getJob(job))?.counts
  }

  const succeed = (id: string, attempt = 1, worker = 'w1') =>
    held.tasks.complete(worker, packResults([{ id, attempt, result: digest(1) }]), at(50))

  const succeedWith = (id: string, outputs: Uint8Array<ArrayBuffer>) =>
    held.tasks.complete('w1', packResults([{ id, attempt: 1, result: digest(1), outputs }]), at(50))

  async function prune(ms: number): Promise<void> {
    while (await held.tasks.prune(keep, at(ms))) {}
  }

  describe('a job', () => {
    it('is stored once, and is the same when it comes again', async () => {
      const job = newId()
      expect(await held.jobs.putJob({ id: job, definition, needs: oneCpu }, at(5))).toBe('created')
      expect(await held.jobs.putJob({ id: job, definition, needs: oneCpu }, at(9))).toBe('known')
      expect(await held.jobs.putJob({ id: job, definition: '{}', needs: oneCpu }, at(9))).toBe(
        'conflict',
      )
      const counts = { queued: 0, running: 0, succeeded: 0, failed: 0, cancelled: 0 }
      const stored = { id: job, createdAt: at(5).wall, definition, counts }
      expect(await held.jobs.getJob(job)).toEqual(stored)
      expect(await held.jobs.getJob(newId())).toBeUndefined()
      const newer = newId()
      await held.jobs.putJob({ id: newer, definition, needs: oneCpu }, at(6))
      expect((await held.jobs.listJobs()).map(({ id }) => id)).toEqual([newer, job])
    })

    it('has to be there before its tasks', async () => {
      const task = { ...newTask(), job: newId() }
      await expect(held.tasks.enqueue([task], at(0))).rejects.toMatchObject({ code: 'not_found' })
      expect(await held.tasks.get([task.id])).toEqual([undefined])
    })

    it('counts its tasks by state, and nobody else’s', async () => {
      await enqueue(held.tasks, 2)
      const { job, ids } = await newJob(5)
      const [one = '', two = '', three = ''] = ids
      await claim(held.tasks, 10, { max: 3, room: roomy })
      await succeed(one)
      await held.tasks.fail('w1', [{ id: two, attempt: 1, error: 'x', delay: 0 }], 1, at(20))
      await held.tasks.cancel(three, at(20))
      const expected = { queued: 2, running: 0, succeeded: 1, failed: 1, cancelled: 1 }
      expect(await countsOf(held.jobs, job)).toEqual(expected)
      await claim(held.tasks, 30)
      const after = { ...expected, queued: 1, running: 1 }
      expect(await countsOf(held.jobs, job)).toEqual(after)
      await held.tasks.expireLeases(maxAttempts, at(2000))
      expect(await countsOf(held.jobs, job)).toEqual(after)
    })

    it('comes back with its tasks after a restart', async () => {
      const { job, ids } = await newJob(2)
      await held.reopen()
      expect(await countsOf(held.jobs, job)).toMatchObject({ queued: 2 })
      expect(await taskOf(held.tasks, ids[0] as string)).toMatchObject({ job })
      expect(await claimOne(held.tasks, 10)).toMatchObject({ job, failures: 0 })
    })

    it('gives its tasks page by page', async () => {
      await enqueue(held.tasks, 1)
      const { job, ids } = await newJob(3)
      await claim(held.tasks, 10)
      const first = await held.jobs.tasksOfJob(job, { limit: 2 })
      expect(first.tasks.map(({ id, state }) => [id, state])).toEqual([
        [ids[0], 'running'],
        [ids[1], 'queued'],
      ])
      const rest = await held.jobs.tasksOfJob(job, { limit: 2, cursor: first.next as number })
      expect(rest.tasks.map(({ id }) => id)).toEqual([ids[2]])
      expect(rest.next).toBeUndefined()
    })

    it('is cancelled and retried as a whole', async () => {
      const { job, ids } = await newJob(3)
      const [one = ''] = ids
      await claim(held.tasks, 10)
      await held.tasks.fail('w1', [{ id: one, attempt: 1, error: 'x', delay: 0 }], 1, at(20))
      expect(await held.jobs.cancelJob(job, at(30))).toBe(2)
      expect(await held.jobs.cancelJob(job, at(30))).toBe(0)
      expect(await countsOf(held.jobs, job)).toMatchObject({ cancelled: 2, failed: 1 })
      expect(await held.jobs.retryJob(job, at(40))).toBe(1)
      expect(await held.jobs.retryJob(job, at(40))).toBe(0)
      expect(await countsOf(held.jobs, job)).toMatchObject({ cancelled: 2, queued: 1 })
      expect(await claimOne(held.tasks, 50)).toMatchObject({ id: one, failures: 0 })
    })

    it('keeps small outputs that come with the report, once', async () => {
      const { ids } = await newJob(1)
      const [id = ''] = ids
      await claim(held.tasks, 10)
      expect(await held.jobs.readOutput(id, 0)).toBeUndefined()
      expect(await succeedWith(id, bytes('small'))).toEqual(['done'])
      expect(await succeedWith(id, bytes('other'))).toEqual(['done'])
      expect(await held.jobs.readOutput(id, 0)).toEqual(bytes('small'))
      expect(await held.jobs.readOutput(id, 1)).toBeUndefined()
      await held.reopen()
      expect(await held.jobs.readOutput(id, 0)).toEqual(bytes('small'))
    })

    it('is forgotten after its last task', async () => {
      const { job, ids } = await newJob(1)
      await prune(5000)
      expect(await held.jobs.getJob(job)).toBeDefined()
      await claim(held.tasks, 10)
      await succeed(ids[0] as string)
      await held.tasks.markPulled(ids)
      await prune(60_000)
      expect(await held.jobs.getJob(job)).toBeUndefined()
      expect(await held.tasks.get(ids)).toEqual([undefined])
    })
  })

  describe('a task of a job', () => {
    it('does not pay for the death of a worker, within the limit of attempts', async () => {
      const { ids } = await newJob(1)
      const [id = ''] = ids
      let ms = 0
      for (let loss = 1; loss < maxAttempts; loss += 1) {
        await claim(held.tasks, ms)
        ms += lease + 1000
        await held.tasks.expireLeases(maxAttempts, at(ms))
        expect(await taskOf(held.tasks, id)).toMatchObject({ state: 'queued', failures: 0 })
      }
      await claim(held.tasks, ms)
      await held.tasks.expireLeases(maxAttempts, at(ms + lease + 1000))
      const task = await taskOf(held.tasks, id)
      expect(task).toMatchObject({ state: 'failed', failures: 0 })
      expect(task.error).toContain('5 lost attempts')
    })

    it('does not pay for what a worker says is its own fault, within the same limit', async () => {
      const { ids } = await newJob(1)
      const [id = ''] = ids
      const report = { id, error: 'its disk is full', delay: 0, lost: true }
      for (let attempt = 1; attempt <= maxAttempts; attempt += 1) {
        await claim(held.tasks, attempt)
        expect(await taskOf(held.tasks, id)).toMatchObject({ state: 'running', failures: 0 })
        await held.tasks.fail('w1', [{ ...report, attempt }], maxAttempts, at(attempt))
      }
      const error = 'its disk is full (5 lost attempts)'
      expect(await taskOf(held.tasks, id)).toMatchObject({ state: 'failed', failures: 0, error })
      await held.tasks.retry(id, at(10))
      await claim(held.tasks, 20)
      await held.tasks.fail('w1', [{ ...report, attempt: 6 }], maxAttempts, at(30))
      expect(await taskOf(held.tasks, id)).toMatchObject({ state: 'queued', failures: 0 })
    })

    it('fails at once if its report is final, whatever attempts are left', async () => {
      const { ids } = await newJob(1)
      const [id = ''] = ids
      await claim(held.tasks, 10)
      const report = { id, attempt: 1, error: 'exit 3', delay: 0, final: true }
      await held.tasks.fail('w1', [report], maxAttempts, at(20))
      expect(await taskOf(held.tasks, id)).toMatchObject({ state: 'failed', error: 'exit 3' })
    })

    it('tells the next worker how often it has failed', async () => {
      const { ids } = await newJob(1)
      const [id = ''] = ids
      await claim(held.tasks, 10)
      await held.tasks.fail('w1', [{ id, attempt: 1, error: 'x', delay: 0 }], 5, at(20))
      expect(await claimOne(held.tasks, 30)).toMatchObject({ attempt: 2, failures: 1 })
    })
  })

  describe('outputs', () => {
    const write = (id: string, text: string, { part = 0, attempt = 1, worker = 'w1' } = {}) =>
      held.jobs.writeOutput(worker, { id, attempt }, part, bytes(text))
    const read = async (id: string, part = 0) => {
      const found = await held.jobs.readOutput(id, part)
      return found && Buffer.from(found).toString()
    }

    it('are visible with the result, and not before', async () => {
      const { ids } = await newJob(1)
      const [id = ''] = ids
      await claim(held.tasks, 10)
      expect(await write(id, 'one')).toEqual('done')
      expect(await write(id, 'two', { part: 1 })).toEqual('done')
      expect(await write(id, 'TWO', { part: 1 })).toEqual('done')
      expect(await read(id)).toBeUndefined()
      await succeed(id)
      expect([await read(id), await read(id, 1), await read(id, 2)]).toEqual([
        'one',
        'TWO',
        undefined,
      ])
      await held.reopen()
      await prune(10)
      expect(await read(id)).toBe('one')
    })

    it('are those of the attempt that succeeded', async () => {
      const { ids } = await newJob(1)
      const [id = ''] = ids
      await claim(held.tasks, 10)
      await write(id, 'first')
      await write(id, 'more', { part: 1 })
      await held.tasks.expireLeases(maxAttempts, at(lease + 1000))
      await claim(held.tasks, lease + 2000, { worker: 'w2' })
      expect(await write(id, 'late')).toBe('lost')
      expect(await write(id, 'stranger', { attempt: 2 })).toBe('foreign')
      await write(id, 'second', { attempt: 2, worker: 'w2' })
      await succeed(id, 2, 'w2')
      await prune(lease + 3000)
      expect([await read(id), await read(id, 1)]).toEqual(['second', undefined])
      expect(await write(id, 'too late', { attempt: 2, worker: 'w2' })).toBe('lost')
      expect(await read(id)).toBe('second')
    })

    it('are refused for a task without a job, and unknown ones', async () => {
      const [id = ''] = await enqueue(held.tasks, 1)
      await claim(held.tasks, 10)
      expect(await write(id, 'x')).toBe('lost')
      expect(await write(newId(), 'x')).toBe('lost')
      expect(await read(id)).toBeUndefined()
    })

    it('of attempts without a result take no room, also after a restart', async () => {
      const { job, ids } = await newJob(2)
      const [one = '', two = ''] = ids
      await claim(held.tasks, 10, { max: 2, room: roomy })
      for (const part of [0, 1, 2]) await write(one, 'x', { part })
      await write(two, 'y')
      await held.tasks.fail('w1', [{ id: one, attempt: 1, error: 'x', delay: 0 }], 5, at(20))
      await held.reopen()
      await held.jobs.cancelJob(job, at(30))
      // Each step removes something: one too many would be a leak, one too few a loss of time.
      let steps = 0
      while (await held.tasks.prune({ keepFor: 1e9, keepMost: 1e9 }, at(40))) steps += 1
      expect(steps).toBeGreaterThanOrEqual(4)
      expect([await read(one), await read(two)]).toEqual([undefined, undefined])
    })
  })
}
