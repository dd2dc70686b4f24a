/** Work on many items, a few at once. */
import { expect, it } from 'vitest'
import { inParallel } from '../../src/runtime/in-parallel.ts'

it('works on so many items at once, and on all of them', async () => {
  let running = 0
  let most = 0
  const done: number[] = []
  await inParallel([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
    running += 1
    most = Math.max(most, running)
    await new Promise((resolve) => setImmediate(resolve))
    running -= 1
    done.push(item)
  })
  expect([most, running, done.length]).toEqual([3, 0, 7])
})

it('takes no item before there is a place for it', async () => {
  const taken: number[] = []
  const gates = [1, 2, 3, 4].map(() => Promise.withResolvers<void>())
  async function* items() {
    for (const [index, gate] of gates.entries()) {
      taken.push(index)
      yield gate
    }
  }
  const all = inParallel(items(), 2, ({ promise }) => promise)
  await new Promise((resolve) => setImmediate(resolve))
  expect(taken).toEqual([0, 1])
  for (const { resolve } of gates) resolve()
  await all
  expect(taken).toEqual([0, 1, 2, 3])
})

it('throws the first error, when what had begun has ended, and takes no more', async () => {
  let ended = 0
  const slow = Promise.withResolvers<void>()
  const taken: number[] = []
  const all = inParallel([0, 1, 2, 3, 4], 2, async (item) => {
    taken.push(item)
    if (item === 0) await slow.promise
    if (item === 1) throw new Error('second')
    ended += 1
  })
  await new Promise((resolve) => setImmediate(resolve))
  slow.resolve()
  await expect(all).rejects.toThrow('second')
  expect([taken, ended]).toEqual([[0, 1], 1])
})
