/** When failures pause a job. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Failures, whyPaused, withFailure } from '../../src/core/fail-fast.ts'

const none: Failures = { hasSucceeded: false, failed: 0 }

/** After tasks that failed for these reasons. */
const failuresOf = (reasons: string[], hasSucceeded = false) =>
  reasons.reduce(withFailure, { ...none, hasSucceeded })

const times = (count: number, reason = 'exit 1') => Array.from({ length: count }, () => reason)

describe('a job', () => {
  const alike = 'the first 10 tasks failed alike: exit 1: no such file'
  const error = 'exit 1: no such file\nmore'
  it.each<[string, Failures, number | undefined, string | undefined]>([
    ['nine failed', failuresOf(times(9)), undefined, undefined],
    ['ten failed alike', failuresOf(times(10)), undefined, alike],
    ['twelve, since some ran beside each other', failuresOf(times(12)), undefined, alike],
    ['ten failed, one otherwise', failuresOf([...times(9), 'exit 2']), undefined, undefined],
    ['ten failed, the first otherwise', failuresOf(['exit 2', ...times(9)]), undefined, undefined],
    [
      'twenty, one of them otherwise',
      failuresOf([...times(5), 'x', ...times(14)]),
      undefined,
      undefined,
    ],
    ['ten failed, another succeeded', failuresOf(times(10), true), undefined, undefined],
    ['--fail-fast 3, two failed', failuresOf(['a', 'b']), 3, undefined],
    [
      '--fail-fast 3, three failed',
      failuresOf(['a', 'b', 'c']),
      3,
      '3 tasks failed, the last: exit 1: no such file',
    ],
    ['--fail-fast 1', failuresOf(['a'], true), 1, 'a task failed: exit 1: no such file'],
    ['--fail-fast 50, ten failed alike', failuresOf(times(10)), 50, undefined],
  ])('%s', (_, seen, failFast, why) => {
    expect(whyPaused(seen, { failFast, error })).toBe(why)
  })

  it('is paused by default exactly if nothing succeeded and at least ten failed, all alike', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('a', 'b'), { maxLength: 30 }),
        fc.boolean(),
        (all, one) => {
          const expected = !one && all.length >= 10 && new Set(all).size === 1
          expect(whyPaused(failuresOf(all, one), { error: 'x' }) !== undefined).toBe(expected)
        },
      ),
    )
  })

  it('says what the error says, in one short line', () => {
    const why = whyPaused(failuresOf(['a']), { failFast: 1, error: 'x'.repeat(5000) })
    expect(why?.length).toBeLessThan(250)
  })
})
