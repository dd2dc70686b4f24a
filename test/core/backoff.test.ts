/** Pauses grow from the first to the longest, each between its half and its whole. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { backoffMs } from '../../src/core/backoff.ts'

it.each([
  [-1, 100],
  [0, 100],
  [1, 200],
  [5, 3200],
  [6, 5000],
  [5000, 5000],
])('before retry %i: %i ms', (n, whole) => {
  const limits = { firstMs: 100, maxMs: 5000 }
  expect(backoffMs(n, limits)).toBe(whole)
  expect(backoffMs(n, limits, 0)).toBe(whole / 2)
  expect(backoffMs(n, limits, 0.5)).toBe(whole * 0.75)
})

it('grows by its factor', () => {
  const pauses = [0, 1, 2, 3].map((n) => backoffMs(n, { firstMs: 10, maxMs: 300, factor: 3 }))
  expect(pauses).toEqual([10, 30, 90, 270])
})

it('never leaves its bounds, and never shrinks', () => {
  const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
  const limits = { firstMs: 20, maxMs: 1000, factor: 1.4 }
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2000 }), random, (n, chance) => {
      const pause = backoffMs(n, limits, chance)
      expect(Number.isSafeInteger(pause)).toBe(true)
      expect(pause).toBeGreaterThanOrEqual(10)
      expect(pause).toBeLessThanOrEqual(1000)
      expect(backoffMs(n + 1, limits, chance)).toBeGreaterThanOrEqual(pause)
    }),
  )
})
