/**
 * The network between two nodes is gone while one works in a place of the other: both serve, the loan
 * lapses on both sides, and each has its own limit. There are never more workers than the two limits
 * together allow; when the network is back they help each other, and lend again.
 */
import { expect } from 'vitest'
import { it, until } from '../e2e/harness.ts'
import { borrow, cancel, enqueue, startTwo, untilEven, untilState, workersOf } from './two-nodes.ts'

it('both sides of a cut network serve', { timeout: 180_000 }, async ({ box }) => {
  const two = await startTwo(box, 'faults-partition')
  const { a, b } = two.nodes
  const first = await borrow(two)
  two.cut()
  // Tasks are taken and told of on both sides, at once.
  const [here] = await enqueue(a, 1)
  const [there] = await enqueue(b, 1)
  expect((await a.client.getTask({ params: { id: here as string } })).state).toBe('queued')
  expect((await b.client.getTask({ params: { id: there as string } })).state).toBe('queued')

  await untilEven(two)
  await untilState('its task runs, in its own place', b, ({ queue }) => queue.running === 1)
  await untilState('it goes on with its own worker', a, ({ queue, workers }) => {
    return queue.running === 1 && workers.length === 1
  })
  expect(await workersOf(two.cluster)).toEqual(['node-1', 'node-2'])
  const { scaling } = await untilState('it says why there are no more', a, (state) => {
    return /no loan \(node-2: .*no answer in/.test(state.scaling.reason)
  })
  expect(scaling).toMatchObject({ rule: 4 })

  two.mend()
  await cancel(b, [there as string])
  // By its own second worker, or by the one of the other node: that has nothing else to do now.
  await untilState('two work on its tasks again', a, ({ queue }) => queue.running === 2)
  await cancel(a, [...first, here as string])
  await untilEven(two)
  await until('no worker is left', async () => (await workersOf(two.cluster)).length === 0)

  await cancel(a, await borrow(two))
  await untilEven(two)
  await until('no worker is left', async () => (await workersOf(two.cluster)).length === 0)
  expect(await two.stop()).toBe(2)
})
