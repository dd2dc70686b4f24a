/** Delays double from 1 s to 5 minutes, each between its half and its whole. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { isExhausted, maxRetryDelayMs, retryDelayMs } from '../../src/core/retry.ts'

it.each([
  [1, 1000],
  [2, 2000],
  [3, 4000],
  [9, 256_000],
  [10, 300_000],
  [100, 300_000],
  [5000, 300_000],
])('after failure %i: from the half of %i ms to the whole', (failures, whole) => {
  expect(retryDelayMs(failures, 0)).toBe(whole / 2)
  expect(retryDelayMs(failures, 0.5)).toBe(whole * 0.75)
  expect(retryDelayMs(failures, 0.999_999_999)).toBe(whole)
})

it('never leaves its bounds', () => {
  const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2000 }), random, (failures, chance) => {
      const delay = retryDelayMs(failures, chance)
      expect(Number.isSafeInteger(delay)).toBe(true)
      expect(delay).toBeGreaterThanOrEqual(500)
      expect(delay).toBeLessThanOrEqual(maxRetryDelayMs)
      expect(retryDelayMs(failures + 1, chance)).toBeGreaterThanOrEqual(delay)
    }),
  )
})

it.each([
  [4, 5, false],
  [5, 5, true],
  [6, 5, true],
  [1, 1, true],
])('%i failures of %i attempts: given up is %o', (failures, maxAttempts, expected) => {
  expect(isExhausted(failures, maxAttempts)).toBe(expected)
})
