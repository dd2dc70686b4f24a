/** A node with a target: what it launches, with real tasks in a real store, and how long workers stay. */
import { v7 } from 'uuid'
import { afterEach, describe, expect, it } from 'vitest'
import { unpackLeases } from '../../src/api/leases.ts'
import { packResults } from '../../src/api/reports.ts'
import type { JobDefinition } from '../../src/kinds/command/job.ts'
import { sha512Task } from '../support/sha512-task.ts'
import { createTestNode, type TestNode } from './harness.ts'

let node: TestNode
afterEach(() => node.close())

const settings = { policy: 1, target: 60_000, maxWorkers: 20, idleTimeout: 600_000, tick: 1000 }

async function open(more: object = {}): Promise<void> {
  node = await createTestNode({ settings: { ...settings, ...more } })
}

const later = (ms: number) => {
  node.bench.time.wall += ms
  node.bench.time.steady += ms
}

/** `seconds`: how long each takes at a rate of one unit a millisecond. */
async function enqueue(count: number, seconds: number): Promise<void> {
  const tasks = Array.from({ length: count }, () =>
    sha512Task({ id: v7(), iterations: 1, body: new Uint8Array() }),
  )
  await node.queue.enqueue(tasks.map((task) => ({ ...task, cost: seconds * 1000 })))
}

/** All workers say that they are there, and how fast they are. */
function join(state: { rate?: number; running?: number } = {}): void {
  const { running = 0, ...rest } = state
  for (const { id } of node.workers.list()) {
    node.workers.heartbeat(id, { slots: 1, running, draining: false, ...rest })
  }
}

async function runOne(ms: number): Promise<void> {
  const total = { cpus: 1, memory: 1, disk: 1 }
  const room = { free: total, total, batch: 1 }
  const request = { worker: 'node-1-w-1', max: 1, maxWork: 0, maxBytes: 1e6, room, wait: 0 }
  const [lease] = unpackLeases((await node.queue.claim(request)).frames)
  later(ms)
  const report = { id: lease?.id ?? '', attempt: 1, result: new Uint8Array([1]) }
  await node.queue.complete('node-1-w-1', packResults([report]))
}

/** What the answer to a heartbeat says. */
async function idleTimeout(): Promise<number> {
  const state = { slots: 1, running: 0, draining: false }
  const who = { as: 'worker', subject: 'node-1-w-1' } as const
  const answer = await node.send('PUT', '/v1/workers/node-1-w-1', state, who)
  return ((await answer.json()) as { settings: { idleTimeout: number } }).settings.idleTimeout
}

const launched = () => node.bench.machines.size

describe('a target', () => {
  it('launches one worker to see how fast it is, then all that are needed at once', async () => {
    await open()
    await enqueue(120, 5)
    await node.scaler.tick()
    expect([launched(), node.scaler.last().reason]).toEqual([
      1,
      'backlog 120: launching one to see how long a task takes',
    ])
    later(300)
    join()
    await node.scaler.tick()
    expect([launched(), node.scaler.last().action]).toEqual([1, 'none'])
    later(1000)
    join({ rate: 1 })
    await node.scaler.tick()
    // 600 s of work in a little less than 60 s.
    expect(launched()).toBe(11)
    expect(node.scaler.last().reason).toMatch(
      /^10 min 0 s of work takes 1 active worker 10 min 0 s/,
    )
    later(300)
    join({ rate: 1 })
    await node.scaler.tick()
    expect([launched(), node.scaler.last().action]).toEqual([11, 'none'])
  })

  it('counts what the commands of a job have taken', async () => {
    await open()
    const job = v7()
    await node.jobs.put(job, { job: {} } as JobDefinition)
    const tasks = Array.from({ length: 121 }, (_, n) => ({
      ...{ id: v7(), kind: 'command', spec: JSON.stringify({ n, values: {} }), cost: 1, job },
      body: new Uint8Array(),
    }))
    await node.queue.enqueue(tasks)
    await node.scaler.tick()
    expect(launched()).toBe(1)
    join({ running: 1 })
    await runOne(5000)
    await node.scaler.tick()
    // The lower half of what one result allows: 2.5 s each.
    expect(launched()).toBe(6)
  })

  it('stops at the limit, and at the first launch that fails', async () => {
    await open({ maxWorkers: 4 })
    await enqueue(120, 5)
    await node.scaler.tick()
    join({ rate: 1 })
    await node.scaler.tick()
    expect([launched(), node.scaler.last().workers]).toEqual([4, 3])
    await node.scaler.tick()
    expect(node.scaler.last()).toMatchObject({ action: 'none', rule: 4 })
  })

  it('gives all places back when launches fail', async () => {
    await open()
    await enqueue(120, 5)
    await node.scaler.tick()
    join({ rate: 1 })
    node.bench.launchError = 'no capacity'
    await node.scaler.tick()
    expect(node.workers.active()).toBe(1)
    expect(node.bench.errors.length).toBeLessThanOrEqual(4)
    expect(node.workers.launchFailure()?.reason).toBe('no capacity')
  })
})

it('learns no start from a worker that an earlier process of the node has launched', async () => {
  await open()
  const id = 'node-1-w-9'
  const machine = { id, kind: 'worker', cluster: 'test', node: 'node-1', launchedAt: 0 } as const
  node.bench.machines.set(id, machine)
  await node.scaler.tick()
  later(5000)
  join({ rate: 1 })
  expect(await node.store.documents.load('learned')).toEqual({ boots: [], rate: 1 })
})

it('does not count the time in which all work was paused', async () => {
  await open()
  const job = v7()
  await node.jobs.put(job, { job: {} } as JobDefinition)
  const task = { id: v7(), kind: 'command', spec: '{"n":1,"values":{}}', cost: 1, job }
  await node.queue.enqueue([{ ...task, body: new Uint8Array() }])
  await node.store.jobs.pauseJob(job, 'it fails')
  await node.scaler.tick()
  later(24 * 3_600_000)
  await enqueue(120, 5)
  await node.scaler.tick()
  join({ rate: 1 })
  await node.scaler.tick()
  expect(node.scaler.last().reason).toContain('wanted in 1 min 0 s')
})

describe('an idle worker', () => {
  it('leaves soon after a batch, later when work comes again and again', async () => {
    await open()
    await enqueue(1, 1)
    await node.scaler.tick()
    later(40_000)
    join()
    // A quarter of a boot.
    expect(await idleTimeout()).toBe(10_000)
    for (let round = 0; round < 2; round += 1) {
      await node.queue.cancel((await node.queue.list({ limit: 9 })).tasks[round]?.id ?? '')
      await node.scaler.tick()
      later(60_000)
      await enqueue(1, 1)
      await node.scaler.tick()
    }
    expect(await idleTimeout()).toBe(40_000)
  })

  it('stays no longer than the settings say, and as long as these say under the four rules', async () => {
    await open({ idleTimeout: 150 })
    await enqueue(1, 1)
    await node.scaler.tick()
    await node.settings.change({ policy: 0 })
    expect(await idleTimeout()).toBe(150)
    await node.settings.change({ idleTimeout: 600_000 })
    expect(await idleTimeout()).toBe(600_000)
  })
})
