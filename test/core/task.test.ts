/** Ids, and how much work a task is. */
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { isTaskId, maxIterations, workOf } from '../../src/core/task.ts'

describe('workOf', () => {
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
    expect(workOf({ size, iterations })).toBe(blocks)
  })

  it('counts a further iteration as the one block that its 64 bytes need', () => {
    expect(createHash('sha512').update('').digest().length).toBe(64)
    expect(workOf({ size: 64, iterations: 1 })).toBe(1)
  })

  it('still grows at the largest number of iterations', () => {
    expect(workOf({ size: 0, iterations: maxIterations })).toBe(maxIterations)
  })
})

describe('isTaskId', () => {
  it.each([
    ['0199b3a0-0000-7000-8000-0123456789ab', true],
    ['00000000-0000-0000-0000-000000000000', true],
    ['0199B3A0-0000-7000-8000-0123456789AB', false],
    ['0199b3a0-0000-7000-8000-0123456789a', false],
    ['0199b3a0-0000-7000-8000-0123456789ab ', false],
    ['0199b3a0-0000-7000-8000-0123456789ab\n', false],
    ['0199b3a0000070008000-0123456789ab', false],
    ['0199b3a0-0000-7000-8000-0123456789ag', false],
    ['', false],
    ['../queue.db', false],
  ])('%o: %o', (text, expected) => {
    expect(isTaskId(text)).toBe(expected)
  })
})
