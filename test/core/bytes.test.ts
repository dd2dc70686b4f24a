/** Sizes: what is one, what is not, and that writing and reading are each other's reverse. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatBytes, parseBytes, writeBytes } from '../../src/core/bytes.ts'

describe('parseBytes', () => {
  it.each([
    ['0B', 0],
    ['1B', 1],
    ['512KiB', 512 * 1024],
    ['16MiB', 16 * 1024 ** 2],
    ['1GiB', 1024 ** 3],
    [' 1MiB ', 1024 ** 2],
  ])('%o → %i', (text, bytes) => {
    expect(parseBytes(text)).toBe(bytes)
  })

  it.each(['', '16', 'MiB', '1.5MiB', '-1B', '1 MiB', '16MB', '16mib', '16M', '1KiB2'])(
    '%o is not one',
    (text) => {
      expect(parseBytes(text)).toBeUndefined()
    },
  )
})

describe('writeBytes', () => {
  it.each([
    [0, '0B'],
    [1023, '1023B'],
    [1024, '1KiB'],
    [1536, '1536B'],
    [16 * 1024 ** 2, '16MiB'],
    [1024 ** 3, '1GiB'],
  ])('%i → %s', (bytes, text) => {
    expect(writeBytes(bytes)).toBe(text)
  })

  it('is the reverse of parseBytes, up to the largest size that a setting may have', () => {
    const edge = fc.constantFrom(0, 1, 1024 ** 3 - 1, 1024 ** 3)
    fc.assert(
      fc.property(fc.oneof(edge, fc.nat(1024 ** 3)), (bytes) => {
        expect(parseBytes(writeBytes(bytes))).toBe(bytes)
      }),
    )
  })
})

describe('formatBytes', () => {
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1 KiB'],
    [1536, '1.5 KiB'],
    [16 * 1024 ** 2, '16 MiB'],
    [2.5 * 1024 ** 3, '2.5 GiB'],
  ])('%d → %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text)
  })
})
