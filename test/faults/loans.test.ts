/**
 * Nodes that are killed in the middle of a loan: the lender, the borrower, both at once, and one for
 * good. The others go on; never are there more workers than all limits together allow.
 */
import { describe, expect } from 'vitest'
import { it, until } from '../e2e/harness.ts'
import type { ServingNode } from './serve.ts'
import {
  borrow,
  cancel,
  enqueue,
  startTwo,
  type TwoNodes,
  untilEven,
  untilState,
  workersOf,
} from './two-nodes.ts'

const lentBy = async (node: ServingNode) => (await node.client.getState()).loans.map(({ id }) => id)

/** Whoever was away: they lend each other places as before, and have their own in the end. */
async function lendsAsBefore(two: TwoNodes, ids: string[]): Promise<void> {
  const { a, b } = two.nodes
  await untilState('two workers at work', a, ({ queue, limit }) => {
    return queue.running === 2 && limit.borrowed === 1
  })
  await untilState('a place is lent', b, ({ limit }) => limit.lent === 1)
  await cancel(a, ids)
  await untilEven(two)
  await until('no worker is left', async () => (await workersOf(two.cluster)).length === 0)
}

describe('killed in the middle of a loan and started again', () => {
  it.for<[string, ('a' | 'b')[]]>([
    ['the lender', ['b']],
    ['the borrower', ['a']],
    ['both at once', ['a', 'b']],
  ])('%s', { timeout: 180_000 }, async ([what, victims], { box }) => {
    const two = await startTwo(box, `faults-${what.replaceAll(' ', '-')}`)
    const ids = await borrow(two)
    const old = await lentBy(two.nodes.b)
    await Promise.all(victims.map((which) => two.nodes[which].kill()))
    for (const which of victims) await two.startAgain(which)
    // The lender keeps what it lent until it lapses, and renews none of it.
    if (victims.includes('b')) {
      expect(await lentBy(two.nodes.b)).toEqual(old)
      await until('the old loan has lapsed', async () => {
        return (await lentBy(two.nodes.b)).every((id) => !old.includes(id))
      })
    }
    await lendsAsBefore(two, ids)
    expect(await two.stop()).toBe(2)
  })
})

it('the lender, for good: the other goes on', { timeout: 180_000 }, async ({ box }) => {
  const two = await startTwo(box, 'faults-lender-gone')
  const { a, b } = two.nodes
  const ids = await borrow(two)
  await b.kill()
  // What it borrowed it can't renew; its own place is its own.
  await untilState('its own place is left', a, ({ queue, limit, workers }) => {
    return limit.borrowed === 0 && workers.length === 1 && queue.running === 1
  })
  const more = await enqueue(a, 1)
  const running = async () =>
    (await a.client.listTasks({ query: { state: 'running', limit: 9, cursor: 0 } })).tasks
  for (let done = 0; done < 4; done += 1) {
    const [task] = await until('the next one runs', async () => {
      const tasks = await running()
      return tasks.length === 1 && tasks
    })
    await cancel(a, [task?.id as string])
  }
  expect((await a.client.getState()).queue).toMatchObject({
    queued: 0,
    cancelled: ids.length + more.length,
  })
  expect(await two.stop()).toBe(2)
})
