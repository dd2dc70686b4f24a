/** The four rules and the loan, with real workers, and a count of processes that never lies. */

import { setTimeout as sleep } from 'node:timers/promises'
import { v7 } from 'uuid'
import { describe, expect } from 'vitest'
import type { NodeState } from '../../src/api/client.ts'
import { packSha512 } from '../support/sha512-task.ts'
import { countWorkers } from './count-workers.ts'
import { giveWay } from './give-way.ts'
import { type Cluster, it, until } from './harness.ts'
import { endless } from './work.ts'

const scaleAfter = 600
const impatient = ['--scale-after', '600ms', '--tick', '50ms', '--idle-timeout', '1500ms']
const limits = ['--max-workers', '2', '--loan', '3s', '--lease', '6s']

interface Decision {
  rule: number
  action: string
  reason: string
}

async function enqueue(cluster: Cluster, node: string, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, () => v7())
  for (const id of ids)
    await cluster.node(node).enqueueTasks({ body: packSha512([{ id, ...endless }]) })
  return ids
}

function decisions(cluster: Cluster, node: string, rule: number, action: string) {
  const all = cluster.log<Decision>(node, 'scaling')
  return all.filter((one) => one.rule === rule && one.action === action)
}

async function untilState(
  cluster: Cluster,
  node: string,
  what: string,
  holds: (state: NodeState) => boolean,
): Promise<NodeState> {
  const state = await until(`${node}: ${what}`, async () => {
    const now = await cluster.node(node).getState()
    return holds(now) && now
  })
  await giveWay(cluster)
  return state
}

const busy = (count: number) => (state: NodeState) =>
  state.workers.length === count && state.queue.running === count

describe('a burst', () => {
  it('makes each rule fire, never too many workers', { timeout: 120_000 }, async ({ box }) => {
    const cluster = box.cluster('e2e-scaling')
    await cluster.up(...impatient, ...limits)
    const counter = countWorkers(cluster)
    const node = cluster.node('node-1')

    // Rule 1: the first task, no worker.
    const ids = await enqueue(cluster, 'node-1', 1)
    await untilState(cluster, 'node-1', 'one worker at work', busy(1))
    expect(decisions(cluster, 'node-1', 1, 'launch')).toHaveLength(1)

    // Rule 2: as long as there are no more tasks waiting than workers, they wait.
    ids.push(...(await enqueue(cluster, 'node-1', 1)))
    const patient = await untilState(cluster, 'node-1', 'a long wait', ({ queue }) => {
      return queue.oldestWaitSeconds * 1000 > 2 * scaleAfter
    })
    expect(patient.scaling).toMatchObject({ rule: 2, decision: 'none' })
    expect(patient.scaling.reason).toMatch(/^backlog 1 ≤ 1 active worker/)
    expect(patient.workers).toHaveLength(1)
    expect(decisions(cluster, 'node-1', 3, 'launch')).toEqual([])

    // Rule 3: the oldest one has to have waited.
    await node.cancelTask({ params: { id: ids.pop() as string } })
    ids.push(...(await enqueue(cluster, 'node-1', 2)))
    const waiting = await node.getTask({ params: { id: ids[1] as string } })
    await untilState(cluster, 'node-1', 'two workers at work', busy(2))
    const [second, ...more] = decisions(cluster, 'node-1', 3, 'launch')
    expect(more).toEqual([])
    // 2 ms for what rounding and two clocks may take away.
    expect(second?.time).toBeGreaterThanOrEqual(waiting.enqueuedAt + scaleAfter - 2)
    expect(decisions(cluster, 'node-1', 4, 'borrow')).toEqual([])

    // Rule 4: at the limit, the idle sibling lends one of its places.
    ids.push(...(await enqueue(cluster, 'node-1', 2)))
    const borrower = await untilState(cluster, 'node-1', 'three workers at work', busy(3))
    expect(borrower.limit).toEqual({ own: 2, borrowed: 1, lent: 0 })
    expect(decisions(cluster, 'node-1', 4, 'borrow').length).toBeGreaterThan(0)
    const lender = await cluster.node('node-2').getState()
    expect(lender.limit).toEqual({ own: 2, borrowed: 0, lent: 1 })
    expect(lender.loans).toMatchObject([{ kind: 'lent', peer: 'node-1' }])

    // The lender is down to one place, and the borrower has none to lend.
    const theirs = await enqueue(cluster, 'node-2', 4)
    await untilState(cluster, 'node-2', 'its one worker at work', busy(1))
    const refused = await untilState(cluster, 'node-2', 'a refused loan', ({ scaling }) => {
      return scaling.rule === 4 && /no loan \(node-1: all 2 places/.test(scaling.reason)
    })
    expect(refused.limit).toEqual({ own: 2, borrowed: 0, lent: 1 })
    await outlivesItsFirstPeriod(cluster)

    for (const id of ids) await node.cancelTask({ params: { id } })
    for (const id of theirs) await cluster.node('node-2').cancelTask({ params: { id } })
    await endsWithNothing(cluster)
    expect(await counter.stop()).toBe(4)
  })
})

/** A loan of 3 s that is in use is renewed: it holds for longer than 3 s. */
async function outlivesItsFirstPeriod(cluster: Cluster): Promise<void> {
  const loans = async () => (await cluster.node('node-2').getState()).loans
  const [first] = await loans()
  await until('the loan is renewed', async () => {
    const [loan] = await loans()
    return loan?.id === first?.id && loan && first && loan.expiresIn > first.expiresIn
  })
}

async function endsWithNothing(cluster: Cluster): Promise<void> {
  for (const id of ['node-1', 'node-2']) {
    await untilState(cluster, id, 'no worker, no loan', ({ workers, limit }) => {
      return workers.length === 0 && limit.borrowed === 0 && limit.lent === 0
    })
  }
  await until('no worker in the process table', async () => {
    return (await cluster.processes('worker')).length === 0
  })
  // Without backlog nothing is launched again, however often the timer looks: 20 ticks.
  const launches = () =>
    ['node-1', 'node-2'].map((id) => cluster.log(id, 'launching a worker').length)
  const before = launches()
  await sleep(1000)
  expect(launches()).toEqual(before)
  expect(await cluster.processes('worker')).toEqual([])
  const { scaling } = await cluster.node('node-1').getState()
  expect(scaling).toMatchObject({ rule: 2, decision: 'none' })
}
