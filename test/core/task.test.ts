/** Ids of tasks. */
import { describe, expect, it } from 'vitest'
import { isTaskId } from '../../src/core/task.ts'

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
