/** Which tasks of jobs fit into the room of a worker, and which wait for room. */
import { describe, expect, it } from 'vitest'
import { oneCpu, type Resources, type Room } from '../../../src/core/resources.ts'
import { at, claim, enqueue, type Held, maxAttempts, newId, newTask, taskOf } from './held.ts'

const GiB = 1024 ** 3
const machine: Resources = { cpus: 4, memory: 8 * GiB, disk: 100 * GiB }

export function describeRoom(held: Held): void {
  /** The ids of its tasks, in their order. */
  async function newJob(
    count: number,
    { ms = 0, upTo = 64 * GiB, ...needs }: Partial<Resources> & { ms?: number; upTo?: number } = {},
  ): Promise<string[]> {
    const job = newId()
    const definition = JSON.stringify({ job: { memoryUpTo: upTo } })
    await held.jobs.putJob({ id: job, definition, needs: { ...oneCpu, ...needs } }, at(ms))
    const tasks = Array.from({ length: count }, () => ({ ...newTask(), job }))
    await held.tasks.enqueue(tasks, at(ms))
    return tasks.map(({ id }) => id)
  }

  async function claimed(ms: number, room: Partial<Room> = {}, more = {}): Promise<string[]> {
    const full = { free: machine, total: machine, batch: 1, ...room }
    const leases = await claim(held.tasks, ms, { max: 100, maxWork: 0, room: full, ...more })
    return leases.map(({ id }) => id)
  }

  const fail = (id: string) =>
    held.tasks.fail('w1', [{ id, attempt: 1, error: 'x', delay: 500 }], maxAttempts, at(20))

  describe('the room of a worker', () => {
    it('takes as many tasks of a job as fit', async () => {
      const ids = await newJob(5, { cpus: 2 })
      expect(await claimed(10)).toEqual(ids.slice(0, 2))
      expect(await claimed(10, { free: { ...machine, cpus: 1 } })).toEqual([])
      expect(await claimed(10, { free: { ...machine, memory: 0, disk: 0 } })).toEqual(
        ids.slice(2, 4),
      )
    })

    it.each([
      ['memory', { memory: 3 * GiB }, 2],
      ['disk', { disk: 30 * GiB }, 3],
    ])('counts %s', async (_, needs, fit) => {
      const ids = await newJob(5, needs)
      expect(await claimed(10)).toEqual(ids.slice(0, fit))
    })

    it('counts GPUs, which most workers do not have', async () => {
      const ids = await newJob(5, { gpus: 1 })
      const [one] = await newJob(1)
      expect(await claimed(10)).toEqual([one])
      const total = { ...machine, gpus: 2 }
      const leases = await claim(held.tasks, 10, {
        max: 9,
        maxWork: 0,
        room: { free: total, total, batch: 9 },
      })
      expect(leases.map(({ id }) => id)).toEqual(ids.slice(0, 2))
      expect(leases[0]?.needs).toEqual({ cpus: 1, memory: 0, disk: 0, gpus: 1 })
    })

    it('says in the lease what a task needs, if it is more than one processor', async () => {
      await newJob(1, { cpus: 2, memory: GiB })
      await newJob(1)
      const room = { free: machine, total: machine, batch: 1 }
      const leases = await claim(held.tasks, 10, { max: 9, maxWork: 0, room })
      expect(leases.map(({ needs }) => needs)).toEqual([
        { cpus: 2, memory: GiB, disk: 0 },
        undefined,
      ])
    })

    describe('with a task that ran out of memory', () => {
      const outOfMemory = (id: string, memory: number, more = {}) => {
        const report = { id, attempt: 1, error: 'x', delay: 0, memory, ...more }
        return held.tasks.fail('w1', [report], maxAttempts, at(20))
      }

      it('needs what it gets then, whatever its job says, and counts no failure', async () => {
        const [grown = '', ...others] = await newJob(3, { memory: 3 * GiB })
        expect(await claimed(10)).toEqual([grown, others[0]])
        expect(await outOfMemory(grown, 6 * GiB, { final: true })).toEqual(['done'])
        expect(await taskOf(held.tasks, grown)).toMatchObject({ state: 'queued', failures: 0 })
        // Others of its job pass it.
        const free = { ...machine, memory: 5 * GiB }
        expect(await claimed(30, { free })).toEqual([others[1]])
        const room = { free: machine, total: machine, batch: 1 }
        const [lease] = await claim(held.tasks, 40, { max: 9, maxWork: 0, room })
        const needs = { cpus: 1, memory: 6 * GiB, disk: 0 }
        expect(lease).toMatchObject({ id: grown, attempt: 2, failures: 0, needs })
      })

      it('leaves room beside it for what fits, and no more', async () => {
        const [grown = '', second, third] = await newJob(3, { memory: 3 * GiB })
        await claimed(10, { free: { ...machine, memory: 3 * GiB } })
        await outOfMemory(grown, 5 * GiB)
        expect(await claimed(30)).toEqual([second, third])
        expect(await claimed(30)).toEqual([grown])
      })

      it('waits for it, once it has waited long', async () => {
        const [grown = ''] = await newJob(1, { memory: 3 * GiB })
        await claimed(10)
        await outOfMemory(grown, 6 * GiB)
        const [later] = await newJob(1, { memory: GiB, ms: 30 })
        const free = { ...machine, memory: 4 * GiB }
        expect(await claimed(500, { free }, { reserveAfter: 100 })).toEqual([])
        expect(await claimed(500, { free }, { reserveAfter: 1000 })).toEqual([later])
        expect(await claimed(500, {}, { reserveAfter: 100 })).toEqual([grown])
      })

      it('gets no more than its job allows, whatever its worker says', async () => {
        const [id = ''] = await newJob(1, { memory: 3 * GiB, upTo: 4 * GiB })
        await claimed(10)
        await outOfMemory(id, 6 * GiB)
        const room = { free: machine, total: machine, batch: 1 }
        const [lease] = await claim(held.tasks, 30, { max: 9, maxWork: 0, room })
        expect(lease).toMatchObject({ id, needs: { memory: 4 * GiB } })
      })

      it('takes all that a worker has, if that is nearly what it asks for', async () => {
        const [id = ''] = await newJob(1, { memory: 3 * GiB })
        await claimed(10)
        await outOfMemory(id, 8.5 * GiB)
        expect(await claimed(30, { total: { ...machine, memory: 7 * GiB } })).toEqual([])
        const room = { free: machine, total: machine, batch: 1 }
        const [lease] = await claim(held.tasks, 30, { max: 9, maxWork: 0, room })
        expect(lease).toMatchObject({ id, needs: { memory: 8 * GiB } })
      })

      it('does not hide those behind it that fit', async () => {
        const ids = await newJob(4, { memory: GiB })
        const three = { free: { ...machine, memory: 4 * GiB } }
        expect(await claimed(10, three)).toEqual(ids)
        for (const id of ids.slice(0, 3)) await outOfMemory(id, 6 * GiB)
        await held.tasks.release('w1', [{ id: ids[3] as string, attempt: 1 }], at(25))
        expect(await claimed(30, { free: { ...machine, cpus: 1, memory: 4 * GiB } })).toEqual([
          ids[3],
        ])
      })

      it('fails it if that is no more than it had', async () => {
        const [id = ''] = await newJob(1, { memory: 3 * GiB })
        await claimed(10)
        await outOfMemory(id, 6 * GiB)
        await claimed(30)
        const again = { attempt: 2, final: true }
        expect(await outOfMemory(id, 6 * GiB, again)).toEqual(['done'])
        expect(await taskOf(held.tasks, id)).toMatchObject({ state: 'failed', failures: 1 })
      })
    })

    it('takes a batch of tasks that need one processor, if one is free', async () => {
      const ids = await newJob(50)
      expect(await claimed(10, { batch: 20 })).toEqual(ids.slice(0, 20))
      expect(await claimed(10, { batch: 20, free: { ...machine, cpus: 0 } })).toEqual([])
    })

    it('takes one such task for a worker that says nothing', async () => {
      const ids = await newJob(3)
      await newJob(3, { cpus: 2 })
      const leases = await claim(held.tasks, 10, { max: 100 })
      expect(leases.map(({ id }) => id)).toEqual(ids.slice(0, 1))
    })

    it('is shared by jobs, in the order in which they came', async () => {
      const [large = ''] = await newJob(1, { cpus: 3 })
      const small = await newJob(3)
      expect(await claimed(10)).toEqual([large, small[0]])
    })

    it('lets smaller tasks pass one that does not fit, until that has waited long', async () => {
      await newJob(1, { cpus: 4 })
      const small = await newJob(9)
      const loose = await enqueue(held.tasks, 1)
      const room = { free: { ...machine, cpus: 1 } }
      const waits = { reserveAfter: 1000 }
      expect(await claimed(900, room, waits)).toEqual(small.slice(0, 1))
      expect(await claimed(1100, room, waits)).toEqual([])
      expect(await claimed(1100, room, { ...waits, maxWork: 1e9 })).toEqual([])
      // A worker that could never run it is not held up.
      const less = { ...machine, cpus: 2 }
      expect(await claimed(1100, { ...room, total: less }, waits)).toEqual(small.slice(1, 2))
      expect(loose).toHaveLength(1)
    })

    it('is for older tasks also while another is waited for', async () => {
      const [older = ''] = await newJob(1)
      const [large = ''] = await newJob(1, { cpus: 4 })
      await newJob(1)
      const waits = { reserveAfter: 1000 }
      expect(await claimed(5000, { free: { ...machine, cpus: 2 } }, waits)).toEqual([older])
      expect(await claimed(5000, {}, waits)).toEqual([large])
    })

    it('is for what has waited longer: tasks without a job, or of jobs', async () => {
      const loose = await enqueue(held.tasks, 2)
      const ofJob = await newJob(2, { ms: 1 })
      const later = await enqueue(held.tasks, 1, 5)
      const work = { maxWork: 1e9 }
      expect(await claimed(10, {}, { ...work, max: 1 })).toEqual(loose.slice(0, 1))
      expect(await claimed(10, {}, { ...work, max: 1 })).toEqual(ofJob.slice(0, 1))
      expect(await claimed(10, { free: { ...machine, cpus: 0 } }, work)).toEqual([
        loose[1],
        later[0],
      ])
    })

    it('takes tasks again that failed, were handed back, or lost their worker', async () => {
      const [failed = '', returned = '', lost = ''] = await newJob(3)
      expect(await claimed(10)).toEqual([failed, returned, lost])
      await fail(failed)
      await held.tasks.release('w1', [{ id: returned, attempt: 1 }], at(20))
      expect(await claimed(30)).toEqual([returned])
      expect(await claimed(30)).toEqual([])
      expect(await claimed(520)).toEqual([failed])
      await held.tasks.renew(
        'w1',
        [
          { id: failed, attempt: 2 },
          { id: returned, attempt: 2 },
        ],
        60_000,
        at(530),
      )
      await held.tasks.expireLeases(maxAttempts, at(31_000))
      expect(await claimed(31_001)).toEqual([lost])
    })

    it('is there for the rest of a job after a restart, and none of its attempts is forgotten', async () => {
      const ids = await newJob(2, { cpus: 3 })
      expect(await claimed(10)).toEqual(ids.slice(0, 1))
      await held.reopen()
      expect(await taskOf(held.tasks, ids[0] as string)).toMatchObject({ state: 'running' })
      expect(await claimed(20)).toEqual(ids.slice(1))
      expect(await claimed(30)).toEqual([])
    })

    it('takes a retried task of a job that had none left', async () => {
      const [id = ''] = await newJob(1)
      await claimed(10)
      await held.tasks.fail(
        'w1',
        [{ id, attempt: 1, error: 'x', delay: 0, final: true }],
        5,
        at(20),
      )
      expect(await claimed(30)).toEqual([])
      await held.tasks.retry(id, at(40))
      expect(await claimed(50)).toEqual([id])
    })
  })

  describe('the backlog', () => {
    it('says what the tasks of each job need, and how long they wait', async () => {
      await newJob(3, { cpus: 2 })
      const [failed = ''] = await newJob(2, { ms: 100 })
      await claimed(110, { free: { ...machine, cpus: 1 } })
      await fail(failed)
      await enqueue(held.tasks, 1, 300)
      const stats = async (ms: number) => await held.tasks.stats(at(ms))
      const large = { needs: { ...oneCpu, cpus: 2 }, tasks: 3 }
      expect(await stats(400)).toMatchObject({
        backlog: 5,
        oldestWait: 400,
        looseWait: 100,
        jobs: [
          { ...large, oldestWait: 400 },
          { needs: oneCpu, tasks: 1, oldestWait: 300 },
        ],
      })
      expect(await stats(600)).toMatchObject({
        backlog: 6,
        jobs: [{ ...large }, { tasks: 2, oldestWait: 500 }],
      })
    })
  })
}
