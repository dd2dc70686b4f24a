/** What attempts say about how long a task takes: also where a worker has leased many short ones at once. */
import { expect, it } from 'vitest'
import { type EndedAttempt, evidenceOf } from '../../../src/core/scaling/evidence.ts'

const at = { places: 2, now: 100_000 }
const ended = (worker: string, startedAt: number, endedAt: number): EndedAttempt => {
  return { worker, startedAt, endedAt }
}

it('adds up what long tasks took, side by side and one after another', () => {
  const attempts = [
    ended('w1', 0, 60),
    ended('w1', 10, 50),
    ended('w2', 0, 30),
    ended('w1', 60, 90),
  ]
  expect(evidenceOf({ ended: attempts, running: [] }, at)).toEqual({
    ended: 4,
    ranMs: 60 + 40 + 30 + 30,
    longestMs: 60,
    ages: [],
  })
})

it('does not count the time in which short ones wait for each other', () => {
  // Forty at once, which end one after another: two places, 5 ms each.
  const batch = Array.from({ length: 40 }, (_, index) => {
    return ended('w1', 1000, 1000 + 5 * (1 + (index >> 1)))
  })
  const { ranMs, longestMs } = evidenceOf({ ended: batch, running: [] }, at)
  expect(ranMs).toBeCloseTo(2 * 100)
  expect(longestMs).toBeLessThan(10)
})

it('counts pauses between tasks for nothing', () => {
  const attempts = [ended('w1', 0, 10), ended('w1', 90_000, 90_010)]
  expect(evidenceOf({ ended: attempts, running: [] }, at).ranMs).toBe(20)
})

it('says how long tasks have run, those that wait at their worker less', () => {
  const running = [
    { worker: 'w1', startedAt: 40_000 },
    { worker: 'w1', startedAt: 99_000 },
    ...Array.from({ length: 20 }, () => ({ worker: 'w2', startedAt: 99_800 })),
    { worker: 'w3', startedAt: 100_500 },
  ]
  const { ages } = evidenceOf({ ended: [], running }, at)
  expect(ages.slice(0, 3)).toEqual([60_000, 1000, 20])
  expect(ages.at(-1)).toBe(0)
})
