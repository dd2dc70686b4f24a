/** How long tasks take, from the little that is known. */
import { describe, expect, it } from 'vitest'
import { meanOf, remainingMs, spreadOf } from '../../../src/core/scaling/estimate.ts'

const bootMs = 60_000
const nothing = { ended: 0, ranMs: 0, longestMs: 0, ages: [] }
const equal = (ended: number, each: number, ages: number[] = []) => {
  return { ended, ranMs: ended * each, longestMs: ended > 0 ? each : 0, ages }
}

describe('the mean', () => {
  it('is not known before a task runs', () => {
    expect(meanOf(nothing, { bootMs })).toBeUndefined()
  })

  it.each([
    ['young', [1000], 1017],
    ['as old as half a boot', [30_000], 45_000],
    ['as old as a boot: twice that', [60_000], 120_000],
    ['older: never more than twice', [600_000], 1_200_000],
    ['by the oldest', [1000, 30_000, 2000], 45_000],
  ])('while nothing has ended: %s', (_name, ages, mean) => {
    expect(meanOf({ ...nothing, ages }, { bootMs })).toBeCloseTo(mean, -1)
  })

  it('takes the lower end of what few results allow, and the mean of many', () => {
    const of = (ended: number) => meanOf(equal(ended, 1000), { bootMs }) ?? 0
    expect([of(1), of(4), of(25), of(30)]).toEqual([500, 750, 900, 1000])
  })

  it('counts those that run for longer, and no young ones', () => {
    expect(meanOf(equal(30, 1000, [10, 500, 1000]), { bootMs })).toBe(1000)
    expect(meanOf(equal(30, 1000, [1000, 7000]), { bootMs })).toBe(1000 + (1.6 * 6000) / 30)
  })

  it('begins with what was believed, a little higher, and forgets it', () => {
    const meanAfter = (ended: number) => meanOf(equal(ended, 1000), { bootMs, prior: 5000 }) ?? 0
    expect(meanAfter(0)).toBeCloseTo(5400)
    expect(meanAfter(3)).toBeCloseTo(3200)
    expect(meanAfter(1000)).toBeLessThan(1020)
  })
})

describe('what is left', () => {
  it('is the rest of the mean, and a quarter of its age for one that takes longer', () => {
    expect(remainingMs([], 1000)).toBe(0)
    expect(remainingMs([0, 400, 1000, 8000], 1000)).toBe(1000 + 600 + 250 + 2000)
  })
})

describe('the spread', () => {
  it('is none for equal tasks, and by the longest that has ended or runs', () => {
    expect(spreadOf(equal(9, 1000), 1000)).toBe(0)
    expect(spreadOf({ ...equal(9, 1000), longestMs: 4000 }, 1000)).toBe(3000)
    expect(spreadOf(equal(9, 1000, [500, 6000]), 1000)).toBe(5000)
  })
})
