/** Whole numbers in text: only plain digits, only in range, and errors that name the parameter. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { describeRange, parseInteger, requireInteger } from '../../src/core/integers.ts'

const range = { min: -3, max: Number.MAX_SAFE_INTEGER }

describe('parseInteger', () => {
  it.each([
    ['0', 0],
    ['-3', -3],
    ['007', 7],
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
  ])('%o → %i', (text, value) => {
    expect(parseInteger(text, range)).toBe(value)
  })

  it.each(
    ['', ' ', '-4', '1.0', '1e3', '0x10', '+1', ' 1', '1 ', '--1', '-', '1_000', 'NaN', 'Infinity']
      .concat(['9007199254740992', '99999999999999999', '１'])
      .map((text) => [text]),
  )('%o is not one', (text) => {
    expect(parseInteger(text, range)).toBeUndefined()
  })

  it('reads back every number in range, and none outside of it', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.maxSafeInteger(), fc.maxSafeInteger(), (value, a, b) => {
        const limits = { min: Math.min(a, b), max: Math.max(a, b) }
        const inside = value >= limits.min && value <= limits.max
        expect(parseInteger(String(value), limits)).toBe(inside ? value : undefined)
      }),
    )
  })
})

describe('requireInteger', () => {
  const top = { min: 1, max: 1000 }

  it('answers the number', () => {
    expect(requireInteger('top', '1000', top)).toBe(1000)
  })

  it.each([
    [undefined, 'top must be a whole number from 1 to 1000, but it is missing'],
    ['', 'top must be a whole number from 1 to 1000, not ""'],
    ['1001', 'top must be a whole number from 1 to 1000, not "1001"'],
    ['x'.repeat(99), `top must be a whole number from 1 to 1000, not "${'x'.repeat(40)}"`],
  ])('%o is invalid, and says so', (text, message) => {
    expect(() => requireInteger('top', text, top)).toThrow(
      expect.objectContaining({ code: 'invalid', message }),
    )
  })
})

it('describes a range', () => {
  expect(describeRange({ min: 0, max: 5 })).toBe('a whole number from 0 to 5')
})
