/** How much work a task of iterated SHA-512 is. */
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { iterationsRange, sha512 } from '../../src/kinds/sha512/sha512.ts'

describe('the cost of a task', () => {
  it.each([
    // The body, one 0x80 byte and 16 bytes of length, in blocks of 128 (FIPS 180-4, 5.1.2).
    [0, 1, 1],
    [111, 1, 1],
    [112, 1, 2],
    [239, 1, 2],
    [240, 1, 3],
    [1024, 1, 9],
    [0, 1000, 1000],
    [112, 1000, 1001],
    [16 * 1024 ** 2, 1, 131_073],
  ])('%i bytes, %i iterations: %i blocks', (size, iterations, blocks) => {
    expect(sha512.cost({ iterations }, size)).toBe(blocks)
  })

  it('counts a further iteration as the one block that its 64 bytes need', () => {
    expect(createHash('sha512').update('').digest().length).toBe(64)
    expect(sha512.cost({ iterations: 1 }, 64)).toBe(1)
  })

  it('still grows at the largest number of iterations', () => {
    expect(sha512.cost({ iterations: iterationsRange.max }, 0)).toBe(iterationsRange.max)
  })
})
