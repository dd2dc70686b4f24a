/** When a worker asks its node for tasks, seen from how long its slot stands idle. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { packTasks } from '../../src/api/new-tasks.ts'
import type { Resources } from '../../src/core/resources.ts'
import type { Lease } from '../../src/core/task.ts'
import type { Kind } from '../../src/kinds/kind.ts'
import { kinds } from '../../src/kinds/kinds.ts'
import type { Claimed } from '../../src/worker/node-pool.ts'
import type { Assignment, PoolRunner, Runner, RunningTask } from '../../src/worker/slot/slot.ts'
import { asksForMore, createWork } from '../../src/worker/work.ts'
import { type NodeAndWorker, startNodeAndWorker } from '../support/node-and-worker.ts'

const machine: Resources = { cpus: 2, memory: 0, disk: 0 }
const roomFor = (cpus: number) => ({ free: { ...machine, cpus }, total: machine, batch: cpus })

/** Runs no commands, and always has room for one. */
const idlePool: PoolRunner = {
  createPool: () => ({
    room: () => roomFor(1),
    cpus: () => 0,
    run() {},
    cancel() {},
    drain() {},
    abort() {},
    async close() {},
  }),
}

const taskMs = 50
const wait: Kind<object> = {
  parse: () => ({}),
  cost: () => taskMs,
  fields: () => ({}),
  describe: () => 'waiting',
  key: () => '',
  showResult: () => ({ result: '' }),
}

let busyMs = 0
let firstAt: number | undefined
let lastAt = 0

/** Waits for each task, one after another. */
const waiter: Runner = {
  createSlot({ onEnd }) {
    let left = 0
    let turn = Promise.resolve()
    async function runOne({ task }: Assignment): Promise<void> {
      const began = performance.now()
      firstAt ??= began
      await new Promise((resolve) => setTimeout(resolve, taskMs))
      lastAt = performance.now()
      busyMs += lastAt - began
      left -= 1
      onEnd(task, { kind: 'succeeded', result: new Uint8Array([1]) })
    }
    return {
      load: () => left * taskMs,
      rate: () => 1,
      run(assignments) {
        left += assignments.length
        for (const one of assignments) turn = turn.then(() => runOne(one))
      },
      cancel() {},
      drain() {},
      abort() {},
      async close() {},
    }
  },
}

describe('a worker that has room for commands', () => {
  let running: NodeAndWorker

  beforeAll(async () => {
    running = await startNodeAndWorker({
      kinds: { ...kinds, wait },
      runners: { wait: waiter },
      jobs: idlePool,
    })
  })
  afterAll(() => running.stop())

  it('keeps a slot busy as long as tasks wait for it', async () => {
    const count = 40
    const tasks = Array.from({ length: count }, (_, n) => ({
      id: `01997a5e-4b7e-7cc2-8f6a-${String(n).padStart(12, '0')}`,
      kind: 'wait',
      spec: '{}',
      body: new Uint8Array(),
    }))
    const { client } = running
    await client.enqueueTasks({ body: packTasks(tasks) })
    const isDone = async () => (await client.getState()).queue.succeeded
    await expect.poll(isDone, { timeout: 30_000 }).toBe(count)
    // A claim waits for a second: two tasks in each would make it a tenth.
    expect(busyMs / (lastAt - (firstAt ?? 0))).toBeGreaterThan(0.5)
  })
})

describe('a worker that has to stop', () => {
  it.each([
    { endWithinMs: 10_000, endsMs: 1500, isEnded: true },
    { endWithinMs: 100, endsMs: 3000, isEnded: false },
  ])('gives tasks $endWithinMs ms to end: $isEnded', async ({ endWithinMs, endsMs, isEnded }) => {
    let began = false
    let ended = false
    const stubborn: Runner = {
      createSlot({ onEnd }) {
        let task: RunningTask | undefined
        return {
          ...waiter.createSlot({ onEnd }),
          run(assignments) {
            began = true
            task = assignments[0]?.task
          },
          abort() {
            setTimeout(() => {
              ended = true
              if (task) onEnd(task, { kind: 'stopped' })
            }, endsMs).unref()
          },
        }
      },
    }
    const running = await startNodeAndWorker({
      kinds: { ...kinds, wait },
      runners: { wait: stubborn },
    })
    const id = '01997a5e-4b7e-7cc2-8f6a-000000000001'
    const task = { id, kind: 'wait', spec: '{}', body: new Uint8Array() }
    await running.client.enqueueTasks({ body: packTasks([task]) })
    await expect.poll(() => began, { timeout: 10_000 }).toBe(true)
    await running.stop({ why: 'AWS wants its machine', finishWithinMs: 0, endWithinMs })
    expect(ended).toBe(isEnded)
  })
})

describe('a wish', () => {
  const slotOf = (loadMs: number) => ({
    ...waiter.createSlot({ onEnd() {} }),
    load: () => loadMs,
    run() {},
  })
  const pool = (cpus: number) => ({
    ...idlePool.createPool({ onEnd() {}, total: () => machine }),
    room: () => (cpus > 0 ? roomFor(cpus) : undefined),
  })

  /** Of a worker that has one task, whoever runs it. */
  function wishOf(loads: number[], cpus: number) {
    const work = createWork(loads.map(slotOf), pool(cpus))
    const lease = { id: 'a', attempt: 1, kind: 'wait', cost: 1 } as Lease
    work.assign({ leases: [lease] } as Claimed)
    return work.wish()
  }

  it.each([
    { slots: 'idle, with room for commands', loads: [0], cpus: 1, mayWait: true },
    { slots: 'idle, beside commands', loads: [0], cpus: 0, mayWait: false },
    { slots: 'nearly dry, with room for commands', loads: [10], cpus: 1, mayWait: true },
    { slots: 'busy, with room for commands', loads: [80], cpus: 1, mayWait: false },
    { slots: 'busy beside an idle one', loads: [80, 0], cpus: 1, mayWait: true },
  ])('of slots that are $slots: it may wait at the node: $mayWait', (given) => {
    expect(wishOf(given.loads, given.cpus)?.mayWait).toBe(given.mayWait)
  })

  it('of a busy slot without room for commands asks for nothing', () => {
    expect(wishOf([80], 0)).toBeUndefined()
  })

  const last = { maxWork: 0, room: roomFor(1), mayWait: false }
  it.each([
    { what: 'the same', next: last, more: false },
    { what: 'nothing', next: undefined, more: false },
    { what: 'work for a slot', next: { ...last, maxWork: 5 }, more: true },
    { what: 'more room', next: { ...last, room: roomFor(2) }, more: true },
    { what: 'less room', next: { ...last, room: roomFor(0) }, more: false },
  ])('for $what is asked at once: $more', ({ next, more }) => {
    expect(asksForMore(next, last)).toBe(more)
  })
})
