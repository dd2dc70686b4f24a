/** The pool: what runs side by side, what it asks for, and what it hands back. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { oneCpu, type Resources } from '../../../src/core/resources.ts'
import type { Lease } from '../../../src/core/task.ts'
import type { Outcome } from '../../../src/worker/outcome.ts'
import { createPool } from '../../../src/worker/runners/command/pool.ts'
import type { Assignment, RunningTask } from '../../../src/worker/slot/slot.ts'

const machine: Resources = { cpus: 4, memory: 8, disk: 8 }

/** A pool whose commands end when the test says so. */
function testPool(total = machine) {
  const delays: number[] = []
  const ended: [id: string, kind: Outcome['kind']][] = []
  const ends = new Map<string, (outcome: Outcome) => void>()
  /** The command has ended, and its outputs are on their way. */
  const exits = new Map<string, () => void>()
  /** The numbers of the GPUs of each. */
  const devices = new Map<string, number[]>()
  const pool = createPool(
    {
      total: () => total,
      onEnd({ id }, { kind }, mayWaitMs = 0) {
        ended.push([id, kind])
        delays.push(mayWaitMs)
      },
    },
    {
      run: ({ task }, signal, onEnded, gpus) =>
        new Promise((resolve) => {
          devices.set(task.id, gpus)
          ends.set(task.id, resolve)
          exits.set(task.id, onEnded)
          signal.addEventListener('abort', () => resolve({ kind: 'stopped' }))
        }),
      close: async () => {},
    },
  )
  const end = async (
    id: string,
    outcome: Outcome = { kind: 'succeeded', result: new Uint8Array() },
  ) => {
    ends.get(id)?.(outcome)
    ends.delete(id)
    await new Promise(setImmediate)
  }
  return {
    pool,
    ended,
    end,
    exit: (id: string) => exits.get(id)?.(),
    delays,
    gpusOf: (id: string) => devices.get(id),
    isRunning: (id: string) => ends.has(id),
    running: () => [...ends.keys()],
  }
}

function assigned(id: string, needs: Partial<Resources> = {}, job = 'job'): Assignment {
  const lease = { id, attempt: 1, job, needs: { ...oneCpu, ...needs } } as Lease
  return { task: { id, attempt: 1 } as RunningTask, lease }
}

afterEach(() => {
  vi.useRealTimers()
})

describe('a pool', () => {
  it('runs as many side by side as fit, and the next when one has ended', async () => {
    const { pool, running, end, ended } = testPool()
    pool.run([assigned('a', { cpus: 2 }), assigned('b', { cpus: 2 }), assigned('c', { cpus: 2 })])
    expect(running()).toEqual(['a', 'b'])
    await end('a')
    expect(running()).toEqual(['b', 'c'])
    await end('b')
    await end('c')
    expect(ended).toEqual([
      ['a', 'succeeded'],
      ['b', 'succeeded'],
      ['c', 'succeeded'],
    ])
  })

  it.each([
    ['memory', { memory: 5 }],
    ['disk', { disk: 5 }],
  ])('does not give %s twice', (_, needs) => {
    const { pool, running } = testPool()
    pool.run([assigned('a', needs), assigned('b', needs)])
    expect(running()).toEqual(['a'])
  })

  it('gives each command GPUs of its own, and those that are free again to the next', async () => {
    const { pool, end, gpusOf, running } = testPool({ ...machine, gpus: 3 })
    pool.run(['a', 'b', 'c'].map((id, at) => assigned(id, { gpus: at === 0 ? 2 : 1 })))
    expect([gpusOf('a'), gpusOf('b')]).toEqual([[0, 1], [2]])
    expect(running()).toEqual(['a', 'b'])
    await end('a')
    expect(gpusOf('c')).toEqual([0])
    await Promise.all([end('b'), end('c')])
    pool.run([assigned('d')])
    expect(gpusOf('d')).toEqual([])
  })

  it('offers what is left, without what slots use', () => {
    const { pool } = testPool()
    expect(pool.room(0)).toEqual({ free: machine, total: machine, batch: 4 })
    pool.run([assigned('a', { cpus: 2, memory: 3 })])
    expect(pool.room(0)).toMatchObject({
      free: { cpus: 2, memory: 5, disk: machine.disk },
      total: machine,
    })
    expect(pool.room(1)).toMatchObject({ free: { cpus: 1 } })
    expect(pool.room(2)).toBeUndefined()
    expect(pool.cpus()).toBe(2)
  })

  it('asks for more short commands than fit, once it knows that they are short', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    const { pool, end } = testPool()
    pool.run([assigned('a')])
    vi.advanceTimersByTime(2)
    await end('a')
    // 200 ms of commands of 2 ms for each of four processors.
    expect(pool.room(0)?.batch).toBe(400)
    // Of another job nothing is known.
    pool.run([assigned('b', {}, 'other')])
    expect(pool.room(0)?.batch).toBe(3)
  })

  it('gives the processor to the next command while outputs are on their way, but not without end', async () => {
    const { pool, running, exit, end, ended } = testPool({ ...machine, cpus: 1 })
    pool.run(Array.from({ length: 12 }, (_, n) => assigned(`t${n}`, { memory: 1 })))
    expect(running()).toEqual(['t0'])
    for (let n = 0; n < 8; n += 1) exit(`t${n}`)
    expect(running()).toHaveLength(8)
    expect(pool.room(0)).toBeUndefined()
    expect(ended).toEqual([])
    await end('t3')
    expect(running()).toContain('t8')
    expect(ended).toEqual([['t3', 'succeeded']])
  })

  it('stops a delivery that is cancelled', async () => {
    const { pool, exit, ended } = testPool()
    const a = assigned('a')
    pool.run([a])
    exit('a')
    pool.cancel(a.task)
    await new Promise(setImmediate)
    expect(ended).toEqual([['a', 'stopped']])
  })

  it('takes no batches of commands that fail', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    const { pool, end } = testPool()
    pool.run([assigned('a')])
    vi.advanceTimersByTime(2)
    await end('a', { kind: 'failed', error: 'exit 127' })
    expect(pool.room(0)?.batch).toBe(machine.cpus)
  })

  it('lets two short commands share a processor, and their reports wait for each other', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    const { pool, running, end, delays } = testPool({ ...machine, cpus: 1 })
    pool.run([assigned('a')])
    vi.advanceTimersByTime(4)
    await end('a')
    pool.run([assigned('b'), assigned('c'), assigned('d', { memory: 1 })])
    expect(running()).toEqual(['b', 'c'])
    await end('b')
    await end('c')
    await end('d')
    expect(delays).toEqual([0, 100, 100, 0])
  })

  it('wants the next batch when the last is nearly done', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    const { pool, end } = testPool({ ...machine, cpus: 1 })
    pool.run([assigned('a')])
    vi.advanceTimersByTime(10)
    await end('a')
    pool.run(['b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'].map((id) => assigned(id)))
    expect(pool.room(0)).toBeUndefined()
    await end('b')
    expect(pool.room(0)).toMatchObject({ free: { cpus: 1 } })
  })

  it('hands back what waits behind a command that takes long', async () => {
    vi.useFakeTimers()
    const { pool, ended, running } = testPool({ ...machine, cpus: 1 })
    pool.run([assigned('long'), assigned('b'), assigned('c')])
    vi.advanceTimersByTime(400)
    expect(ended).toEqual([])
    vi.advanceTimersByTime(400)
    expect(ended).toEqual([
      ['b', 'stopped'],
      ['c', 'stopped'],
    ])
    expect(running()).toEqual(['long'])
    expect(pool.room(0)).toBeUndefined()
  })

  it('stops one that is cancelled, or skips it', async () => {
    const { pool, ended } = testPool({ ...machine, cpus: 1 })
    const [a, b] = [assigned('a'), assigned('b')]
    pool.run([a, b])
    pool.cancel(b.task)
    expect(ended).toEqual([['b', 'stopped']])
    pool.cancel(a.task)
    await new Promise(setImmediate)
    expect(ended.at(-1)).toEqual(['a', 'stopped'])
  })

  it('lets running ones end when it drains, and stops them when it aborts', async () => {
    const { pool, ended, isRunning } = testPool({ ...machine, cpus: 1 })
    pool.run([assigned('a'), assigned('b')])
    pool.drain()
    expect(ended).toEqual([['b', 'stopped']])
    expect(isRunning('a')).toBe(true)
    pool.abort()
    await new Promise(setImmediate)
    expect(ended.at(-1)).toEqual(['a', 'stopped'])
  })

  it('takes nothing while its disk is full', () => {
    const there = { ...machine }
    const { pool } = testPool(there)
    there.disk = 0
    expect(pool.room(0)).toBeUndefined()
    there.disk = 1
    expect(pool.room(0)).toBeDefined()
  })

  it('hands back what waits when the machine is at fault, and takes nothing for a while', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    const { pool, end, ended } = testPool({ ...machine, cpus: 1 })
    pool.run([assigned('a'), assigned('b')])
    await end('a', { kind: 'failed', error: 'ENOSPC', lost: true, machineFault: true })
    expect(ended).toEqual([
      ['b', 'stopped'],
      ['a', 'failed'],
    ])
    vi.advanceTimersByTime(1900)
    expect(pool.room(0)).toBeUndefined()
    pool.run([assigned('c')])
    expect(ended.at(-1)).toEqual(['c', 'stopped'])
    vi.advanceTimersByTime(200)
    expect(pool.room(0)).toBeDefined()
  })

  it('goes on when only this attempt is lost, or a command is at fault', async () => {
    const { pool, end, running } = testPool({ ...machine, cpus: 1 })
    pool.run([assigned('x'), assigned('a'), assigned('b')])
    await end('x', { kind: 'failed', error: 'its node is away', lost: true })
    await end('a', { kind: 'failed', error: 'exit 1' })
    expect(running()).toEqual(['b'])
  })

  it('runs a task that needs more than there is alone, as when its machine was shared anew', async () => {
    const { pool, running, end } = testPool()
    pool.run([assigned('large', { cpus: 9 }), assigned('b')])
    expect(running()).toEqual(['large'])
    await end('large')
    expect(running()).toEqual(['b'])
  })
})
