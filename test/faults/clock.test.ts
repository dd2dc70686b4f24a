/**
 * The wall clock jumps by an hour and more, either way, on a node with leases, a retry, a loan and
 * workers: nothing expires by it. What does expire is due by the steady clock. Workers send durations
 * only, so their clocks are not asked.
 */

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { v7 } from 'uuid'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { unpackLeases } from '../../src/api/leases.ts'
import { packResults } from '../../src/api/reports.ts'
import { createTestNode, type TestNode } from '../node/harness.ts'
import { sha512Task } from '../support/sha512-task.ts'

const hour = 3_600_000
const lease = 30_000
const settings = { maxWorkers: 3, lease, loan: 60_000, bootTimeout: 60_000, tick: 1000 }
const wish = { worker: 'w1', max: 1, maxWork: 1e9, maxBytes: 1e9, wait: 0 }

let node: TestNode
beforeEach(async () => {
  node = await createTestNode({ settings })
})
afterEach(() => node.close())

const claim = async () => unpackLeases((await node.queue.claim(wish)).frames)

async function enqueue(count: number): Promise<void> {
  const body = new Uint8Array(8)
  await node.queue.enqueue(
    Array.from({ length: count }, () => sha512Task({ id: v7(), iterations: 1, body })),
  )
}

async function pass(ms: number): Promise<void> {
  node.bench.time.steady += ms
  node.bench.time.wall += ms
  for (const { id } of node.workers.list()) {
    node.workers.heartbeat(id, { slots: 1, running: 1, draining: false })
  }
  await node.queue.expireLeases()
  await node.queue.prune()
  await node.scaler.tick()
}

describe.each([
  ['an hour ahead', hour],
  ['an hour back', -hour],
  ['a year ahead', 8760 * hour],
  ['a year back', -8760 * hour],
])('a wall clock that jumps %s', (_what, jump) => {
  it('expires no lease, no loan and no worker, and hurries no retry', async () => {
    await enqueue(20)
    const leases = [...(await claim()), ...(await claim()), ...(await claim())]
    const [first, second, third] = leases
    if (!first || !second || !third) throw new Error('there are not enough leases')
    await node.queue.fail('w1', [{ ...first, error: 'broken' }])
    const means = { active: 0, backlog: 0 }
    expect(await node.loans.lend({ id: 'l1', borrower: 'node-2' }, means)).toMatchObject({
      granted: true,
    })
    await pass(0)
    const workers = node.workers.list().map(({ id }) => id)
    expect(workers).toHaveLength(1)
    const before = { queue: await node.queue.stats(), loans: node.loans.describe() }

    node.bench.time.wall += jump
    for (let tick = 0; tick < 3; tick += 1) await pass(1)
    expect(await node.queue.stats()).toMatchObject({
      ...before.queue,
      // Waits are steady too: 3 ms longer now.
      oldestWait: before.queue.oldestWait + 3,
      looseWait: before.queue.looseWait + 3,
    })
    const [loan] = before.loans
    expect(node.loans.describe()).toEqual([{ ...loan, expiresIn: (loan?.expiresIn ?? 0) - 3 }])
    expect(node.workers.list().map(({ id }) => id)).toEqual(workers)
    expect(node.bench.terminated).toEqual([])

    // Reports and results are as ever, and the leases end when they are due.
    const result = new Uint8Array(64)
    expect(await node.queue.complete('w1', packResults([{ ...second, result }]))).toEqual(['done'])
    await pass(lease - 4)
    expect((await node.queue.get(third.id)).state).toBe('running')
    await pass(1)
    expect(await node.queue.get(third.id)).toMatchObject({ state: 'queued', failures: 1 })
    expect((await node.queue.get(second.id)).state).toBe('succeeded')
  })
})

it('workers read the wall clock only to say when a command or a setup began, and over restarts', () => {
  const folder = join(import.meta.dirname, '../../src/worker')
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  const readers = files.filter((file) => {
    return (
      file.endsWith('.ts') && /Date\.now|new Date\b/.test(readFileSync(join(folder, file), 'utf8'))
    )
  })
  expect(readers.sort()).toEqual([
    'runners/command/commands.ts',
    'runners/command/spawner.ts',
    // How long a setup has taken counts from its first start, in a process that may be gone.
    'setup/setup.ts',
    'worker.ts',
  ])
})
