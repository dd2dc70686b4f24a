/** Scaler, workers and loans together, step by step: what is launched, borrowed, drained, given back. */

import { v7 } from 'uuid'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Sibling, SiblingClient } from '../../src/node/siblings.ts'
import { sha512Task } from '../support/sha512-task.ts'
import { type Bench, createTestNode, noSibling, type TestNode } from './harness.ts'

let nodes: TestNode[] = []

beforeEach(() => {
  nodes = []
})
afterEach(async () => {
  for (const node of nodes) await node.close()
})

const settings = {
  maxWorkers: 2,
  scaleAfter: 15_000,
  loan: 60_000,
  bootTimeout: 60_000,
  tick: 1000,
}

async function alone(more: object = {}): Promise<TestNode> {
  const node = await createTestNode({ settings: { ...settings, ...more } })
  nodes.push(node)
  return node
}

/** Two nodes on one clock; `cut` makes messages between them fail. */
async function pair(
  limits: [number, number],
): Promise<{ a: TestNode; b: TestNode; net: { cut: boolean } }> {
  const net = { cut: false }
  const benchOf = (): Bench => ({
    time,
    machines: new Map(),
    launchError: undefined,
    terminated: [],
    errors: [],
  })
  const time = { wall: 1_000_000, steady: 1_000_000 }
  const made: TestNode[] = []
  const dial =
    (own: string) =>
    (sibling: Sibling): SiblingClient => {
      const { url } = sibling
      const other = () => {
        if (net.cut) throw new Error('cut')
        return made.find(({ info }) => url.endsWith(info.id)) as TestNode
      }
      const ask = { borrower: own }
      return {
        ...noSibling(sibling),
        requestLoan: async ({ query }) => {
          const { backlog } = await other().queue.stats()
          return await other().loans.lend(
            { id: query.loan, ...ask },
            { active: other().workers.active(), backlog },
          )
        },
        renewLoan: async ({ params }) => await other().loans.extend({ id: params.loan, ...ask }),
        returnLoan: async ({ params }) => {
          await other().loans.takeBack({ id: params.loan, ...ask })
          return {}
        },
      }
    }
  for (const [index, id] of ['node-a', 'node-b'].entries()) {
    const other = index === 0 ? 'node-b' : 'node-a'
    made.push(
      await createTestNode({
        id,
        settings: { ...settings, maxWorkers: limits[index] as number },
        siblings: [{ id: other, url: `http://${other}` }],
        dial: dial(id),
        bench: benchOf(),
      }),
    )
  }
  nodes.push(...made)
  const [a, b] = made as [TestNode, TestNode]
  return { a, b, net }
}

async function enqueue(node: TestNode, count: number): Promise<void> {
  await node.queue.enqueue(
    Array.from({ length: count }, () =>
      sha512Task({ id: v7(), iterations: 1, body: new Uint8Array() }),
    ),
  )
}

/** All launched workers of a node say that they are there. */
function join(node: TestNode, running = 0): void {
  for (const { id } of node.workers.list()) {
    node.workers.heartbeat(id, { slots: 1, running, draining: false })
  }
}

const later = (node: TestNode, ms: number) => {
  node.bench.time.wall += ms
  node.bench.time.steady += ms
}

describe('scaling', () => {
  it('launches nothing without backlog', async () => {
    const node = await alone()
    for (let tick = 0; tick < 5; tick += 1) await node.scaler.tick()
    expect(node.bench.machines.size).toBe(0)
    expect(node.scaler.last().reason).toBe('no backlog: nothing to do (0 active workers)')
  })

  it('launches one at the first task, the next after the wait, up to the limit', async () => {
    const node = await alone()
    await enqueue(node, 5)
    await node.scaler.tick()
    expect([node.bench.machines.size, node.scaler.last().rule]).toEqual([1, 1])
    join(node)
    later(node, 15_000)
    join(node)
    await node.scaler.tick()
    expect([node.bench.machines.size, node.scaler.last().rule]).toEqual([1, 3])
    later(node, 1)
    await node.scaler.tick()
    expect([node.bench.machines.size, node.scaler.last().rule]).toEqual([2, 3])
    await node.scaler.tick()
    expect([node.bench.machines.size, node.scaler.last()]).toEqual([
      2,
      {
        action: 'none',
        rule: 4,
        workers: 0,
        reason: 'backlog 5 and 2 active workers at the limit of 2: no sibling to ask for a loan',
      },
    ])
  })

  it('is woken by an enqueue, without waiting for the timer', async () => {
    const node = await alone()
    node.queue.onWork(node.scaler.poke)
    await enqueue(node, 1)
    await expect.poll(() => node.bench.machines.size).toBe(1)
  })

  it('gives the place back when a launch fails, says why, and tries again later and later', async () => {
    const node = await alone()
    node.bench.launchError = 'no capacity'
    await enqueue(node, 1)
    await node.scaler.tick()
    expect(node.workers.active()).toBe(0)
    await node.scaler.tick()
    expect(node.scaler.last().reason).toBe(
      'the last launch failed (no capacity): next try in 1.0 s',
    )
    const state = await (await node.request('/v1/state')).json()
    expect(state).toMatchObject({
      healthy: false,
      problems: ["can't launch workers: no capacity"],
    })
    later(node, 1000)
    await node.scaler.tick()
    await node.scaler.tick()
    expect(node.scaler.last().reason).toContain('next try in 2.0 s')
    node.bench.launchError = undefined
    later(node, 2000)
    await node.scaler.tick()
    expect(node.bench.machines.size).toBe(1)
    join(node)
    expect(node.workers.launchFailure()).toBeUndefined()
  })

  it('removes a worker that never joins, and counts that as a failed launch', async () => {
    const node = await alone()
    await enqueue(node, 1)
    await node.scaler.tick()
    later(node, 10_000)
    await node.scaler.tick()
    for (let waited = 10_000; waited <= 60_000; waited += 10_000) {
      later(node, 10_000)
      await node.scaler.tick()
    }
    expect(node.bench.terminated).toEqual(['node-1-w-1'])
    expect(node.workers.launchFailure()?.reason).toBe('worker node-1-w-1 did not join in time')
  })

  it('counts a worker whose machine ended before it joined as a failed launch', async () => {
    const node = await alone()
    await enqueue(node, 1)
    await node.scaler.tick()
    node.bench.machines.clear()
    later(node, 1000)
    await node.scaler.tick()
    expect(node.workers.launchFailure()?.reason).toBe('worker node-1-w-1 ended before it joined')
  })

  it('counts a worker that ends soon after it joined as a failed launch, with its last words', async () => {
    const node = await alone()
    node.bench.lastWords = 'EACCES: no priority'
    await enqueue(node, 1)
    for (const [ended, retryIn] of [1, 2, 4].entries()) {
      await node.scaler.tick()
      expect(node.bench.machines.size).toBe(1)
      join(node)
      later(node, 300)
      node.bench.machines.clear()
      await node.scaler.tick()
      const reason = `worker node-1-w-${ended + 1} ended 0.3 s after it joined: EACCES: no priority`
      expect(node.scaler.last().reason).toBe(
        `the last launch failed (${reason}): next try in ${retryIn}.0 s`,
      )
      expect(await (await node.request('/v1/state')).json()).toMatchObject({
        healthy: false,
        problems: [`can't launch workers: ${reason}`],
      })
      later(node, retryIn * 1000)
    }
  })

  it('launches anew at once for a worker that was well, whatever ended it', async () => {
    const node = await alone()
    await enqueue(node, 3)
    await node.scaler.tick()
    join(node)
    node.workers.heard('node-1-w-1', 1)
    node.workers.heard('node-1-w-1', -1)
    later(node, 300)
    node.bench.machines.clear()
    await node.scaler.tick()
    expect([...node.bench.machines.keys()]).toEqual(['node-1-w-2'])
    join(node)
    later(node, 10_000)
    join(node)
    node.bench.machines.clear()
    later(node, 1)
    await node.scaler.tick()
    expect([...node.bench.machines.keys()]).toEqual(['node-1-w-3'])
    expect(node.workers.launchProblem()).toBeUndefined()
  })

  it('does not take an older worker that works for a sign that launches do', async () => {
    const node = await alone()
    await enqueue(node, 5)
    await node.scaler.tick()
    join(node)
    later(node, 15_001)
    join(node)
    node.bench.launchError = 'no capacity'
    await node.scaler.tick()
    join(node)
    node.workers.heard('node-1-w-1', -1)
    expect(node.workers.launchFailure()?.reason).toBe('no capacity')
  })

  it('replaces a worker that went silent', async () => {
    const node = await alone()
    await enqueue(node, 1)
    await node.scaler.tick()
    join(node, 1)
    for (let waited = 0; waited < 61_000; waited += 10_000) {
      later(node, 10_000)
      await node.scaler.tick()
    }
    expect(node.bench.terminated).toEqual(['node-1-w-1'])
    await node.scaler.tick()
    expect([...node.bench.machines.keys()]).toEqual(['node-1-w-2'])
  })

  it('blames no worker for a pause of the node itself', async () => {
    const node = await alone()
    await enqueue(node, 1)
    await node.scaler.tick()
    join(node, 1)
    later(node, 3_600_000)
    await node.scaler.tick()
    expect(node.bench.terminated).toEqual([])
  })

  it('knows its workers again after a restart, by asking the provider', async () => {
    const node = await alone()
    node.bench.machines.set('old', {
      id: 'old',
      kind: 'worker',
      cluster: 'test',
      node: 'node-1',
      launchedAt: 0,
    })
    node.bench.machines.set('other', {
      id: 'other',
      kind: 'worker',
      cluster: 'test',
      node: 'node-2',
      launchedAt: 0,
    })
    await enqueue(node, 1)
    await node.scaler.tick()
    expect(node.workers.list().map(({ id }) => id)).toEqual(['old'])
    expect(node.scaler.last().rule).toBe(2)
  })

  it('drains what a lowered limit no longer allows, idle workers first', async () => {
    const node = await alone()
    await enqueue(node, 5)
    await node.scaler.tick()
    join(node)
    later(node, 15_001)
    await node.scaler.tick()
    node.workers.heartbeat('node-1-w-1', { slots: 1, running: 1, draining: false })
    node.workers.heartbeat('node-1-w-2', { slots: 1, running: 0, draining: false })
    await node.settings.change({ maxWorkers: 1 })
    await node.scaler.tick()
    expect(node.scaler.last()).toMatchObject({ action: 'drain', rule: 0, workers: 1 })
    expect(node.bench.terminated).toEqual(['node-1-w-2'])
  })

  it('does nothing while the node drains', async () => {
    const node = await alone()
    await enqueue(node, 1)
    node.queue.pause()
    await node.scaler.tick()
    expect(node.bench.machines.size).toBe(0)
  })

  it('takes a worker that left off the list before its process has ended', async () => {
    const node = await alone()
    await enqueue(node, 1)
    await node.scaler.tick()
    join(node)
    const machine = [...node.bench.machines.values()][0]
    node.workers.down('node-1-w-1')
    if (machine) node.bench.machines.set(machine.id, machine)
    await node.scaler.tick()
    expect(node.workers.list().map(({ id }) => id)).toEqual(['node-1-w-2'])
    expect(node.workers.launchFailure()).toBeUndefined()
  })
})

describe('loans', () => {
  it('let a node have one more worker, and the lender one less', async () => {
    const { a, b } = await pair([1, 1])
    await enqueue(a, 3)
    await a.scaler.tick()
    await a.scaler.tick()
    expect(a.scaler.last()).toMatchObject({ action: 'borrow', rule: 4 })
    expect(a.bench.machines.size).toBe(2)
    expect(a.loans.limit()).toEqual({ own: 1, borrowed: 1, lent: 0 })
    expect(b.loans.limit()).toEqual({ own: 1, borrowed: 0, lent: 1 })
    await enqueue(b, 1)
    await b.scaler.tick()
    await b.scaler.tick()
    expect(b.bench.machines.size).toBe(0)
    expect(b.scaler.last().reason).toContain('no loan (node-a: all 1 places are in use)')
  })

  it('are renewed while the place is used, and given back when the worker is gone', async () => {
    const { a, b } = await pair([1, 1])
    await enqueue(a, 3)
    await a.scaler.tick()
    await a.scaler.tick()
    for (let waited = 0; waited < 180_000; waited += 10_000) {
      later(a, 10_000)
      join(a, 1)
      await a.scaler.tick()
      expect([a.loans.limit().borrowed, b.loans.limit().lent]).toEqual([1, 1])
    }
    a.workers.down('node-a-w-2')
    await a.scaler.tick()
    expect([a.loans.limit().borrowed, b.loans.limit().lent]).toEqual([0, 0])
  })

  it('end before the lender takes the place back, when the two cannot reach each other', async () => {
    const { a, b, net } = await pair([1, 1])
    await enqueue(a, 3)
    await a.scaler.tick()
    await a.scaler.tick()
    join(a, 1)
    net.cut = true
    later(a, 39_000)
    join(a, 1)
    await a.scaler.tick()
    expect(a.loans.limit().borrowed).toBe(1)
    later(a, 1001)
    join(a, 1)
    await a.scaler.tick()
    expect(a.loans.limit().borrowed).toBe(0)
    expect(a.bench.machines.size).toBe(1)
    expect(b.loans.limit().lent).toBe(1)
    later(b, 20_000)
    expect(b.loans.limit().lent).toBe(0)
  })

  it('are not made while the sibling is away, and the reason is said', async () => {
    const { a, net } = await pair([1, 1])
    net.cut = true
    await enqueue(a, 3)
    await a.scaler.tick()
    await a.scaler.tick()
    await a.scaler.tick()
    expect(a.bench.machines.size).toBe(1)
    expect(a.scaler.last().reason).toContain('no loan (node-b: cut), asking again in')
  })

  it('are given back when the launch in their place fails', async () => {
    const { a, b } = await pair([1, 1])
    await enqueue(a, 3)
    await a.scaler.tick()
    a.bench.launchError = 'no capacity'
    await a.scaler.tick()
    expect(b.loans.limit().lent).toBe(1)
    await a.scaler.tick()
    expect([a.loans.limit().borrowed, b.loans.limit().lent]).toEqual([0, 0])
    expect(a.scaler.last().reason).toContain('the last launch failed (no capacity)')
  })

  it('let a node with no places of its own work on borrowed ones', async () => {
    const { a, b } = await pair([0, 2])
    await enqueue(a, 1)
    await a.scaler.tick()
    expect(a.bench.machines.size).toBe(1)
    expect(b.loans.total()).toBe(1)
  })
})
