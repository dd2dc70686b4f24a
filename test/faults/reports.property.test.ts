/**
 * Reports that are lost, doubled, late and in any order, and leases that expire at any time: what is
 * answered `done` stays, each task has one result, which never changes, and every task ends.
 */

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { openOnThisThread } from '../node/store/direct.ts'
import { temporaryFolder } from '../node/store/folder.ts'
import { sha512Task } from '../support/sha512-task.ts'
import { isLong, newSeed } from './chance.ts'
import { History, ids, lease, type Report } from './reports.history.ts'

const workers = ['w1', 'w2', 'w3']

const pick = <T>(list: readonly T[], choice: number) => list[choice % list.length] as T

/** What is on its way after a claim. A worker that renews late, fails and then completes, and so on. */
const fates: Report['kind'][][] = [
  ['complete'],
  ['complete', 'renew'],
  ['fail', 'complete'],
  ['release', 'complete'],
  ['renew', 'fail'],
]

type Act = (history: History, a: number, b: number) => Promise<void> | void

const claim: Act = (history, a, b) => history.claim(pick(workers, a), pick(fates, b))
const arrive: Act = async (history, a) => {
  if (history.network.length === 0) return
  await history.deliver(pick(history.network, a))
}
/** And will not come again. */
const lose: Act = (history, a) => {
  history.network.splice(a % Math.max(1, history.network.length), 1)
}
const race: Act = async (history, a, b) => {
  if (history.network.length === 0) return
  // The newest half of them: of older ones the task is with somebody else by now.
  const { length } = history.network
  history.pass(pick([0, lease], b))
  await history.race(pick(history.network.slice(length >> 1), a))
}
const expireLeases: Act = (history) => history.expireLeases()
const pass: Act = (history, a) => history.pass(pick([1, 20, lease / 2, lease], a))

const acts = [claim, claim, arrive, arrive, arrive, lose, race, expireLeases, pass]
const steps = fc.array(fc.tuple(fc.constantFrom(...acts), fc.nat(99), fc.nat(99)), {
  minLength: 20,
  maxLength: 70,
  size: 'max',
})

it('leave each task with one result, which never changes', { timeout: 300_000 }, async () => {
  let races = 0
  let settled = 0
  const property = fc.asyncProperty(steps, async (taken) => {
    const { folder, remove } = temporaryFolder()
    const store = await openOnThisThread({ folder })
    const history = new History(store.tasks)
    try {
      const body = new Uint8Array(4)
      await store.tasks.enqueue(
        ids.map((id) => sha512Task({ id, iterations: 1, body })),
        history.now,
      )
      for (const [act, a, b] of taken) {
        await act(history, a, b)
        await history.check()
      }
      settled += history.settled.size
      await history.finish()
      races += history.races
    } finally {
      await store.close()
      remove()
    }
  })
  const numRuns = isLong ? 2000 : 50
  await fc.assert(property, { numRuns, seed: newSeed(), interruptAfterTimeLimit: 280_000 })
  // Histories without them would show nothing.
  expect(races).toBeGreaterThan(numRuns)
  expect(settled).toBeGreaterThan(numRuns)
})
