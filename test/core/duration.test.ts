/** Durations: what is one, what is not, and that writing and reading are each other's reverse. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { describeDuration, formatDuration, parseDuration } from '../../src/core/duration.ts'

describe('parseDuration', () => {
  it.each([
    ['0ms', 0],
    ['500ms', 500],
    ['15s', 15_000],
    ['10m', 600_000],
    ['2h', 7_200_000],
    [' 15s ', 15_000],
    ['999999999ms', 999_999_999],
  ])('%o → %i', (text, ms) => {
    expect(parseDuration(text)).toBe(ms)
  })

  it.each([
    '',
    '15',
    's',
    '1.5s',
    '-1s',
    '1 s',
    '1d',
    '15S',
    '1s2',
    '1h30m',
    '1e3ms',
    '1234567890123ms',
  ])('%o is not one', (text) => {
    expect(parseDuration(text)).toBeUndefined()
  })
})

describe('formatDuration', () => {
  it.each([
    [0, '0ms'],
    [999, '999ms'],
    [1000, '1s'],
    [1500, '1500ms'],
    [59_000, '59s'],
    [60_000, '1m'],
    [61_000, '61s'],
    [7_200_000, '2h'],
    [333.4, '333ms'],
  ])('%d → %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text)
  })

  it('is the reverse of parseDuration, and never longer than the plain milliseconds', () => {
    fc.assert(
      fc.property(fc.nat(999_999_999), (ms) => {
        const text = formatDuration(ms)
        expect(parseDuration(text)).toBe(ms)
        expect(text.length).toBeLessThanOrEqual(`${ms}ms`.length)
      }),
    )
  })
})

describe('describeDuration', () => {
  it.each([
    [-5, '0.0 s'],
    [0, '0.0 s'],
    [400, '0.4 s'],
    [9949, '9.9 s'],
    [9950, '10 s'],
    [59_499, '59 s'],
    [59_500, '1 min 0 s'],
    [185_000, '3 min 5 s'],
    [3_599_499, '59 min 59 s'],
    [3_599_500, '1 h 0 min'],
    [7_440_000, '2 h 4 min'],
  ])('%d → %s', (ms, text) => {
    expect(describeDuration(ms)).toBe(text)
  })
})
