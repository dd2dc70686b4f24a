/** `--fail-fast N|N%` */
import { describe, expect, it } from 'vitest'
import { readFailFast, tasksOf } from '../../../src/cli/flags/fail-fast.ts'

describe('--fail-fast', () => {
  it.each([
    ['1', 1000, 1],
    ['50', 10, 50],
    ['5%', 1000, 50],
    ['5%', 10, 1],
    ['1%', 1, 1],
    ['33%', 10, 4],
    ['100%', 10, 10],
  ])('%s of %i tasks: %i', (text, all, failed) => {
    expect(tasksOf(readFailFast(text), all)).toBe(failed)
  })

  it.each(['', '0', '-1', '1.5', 'x', '0%', '101%', '%', '5 %'])('"%s" is refused', (text) => {
    expect(() => readFailFast(text)).toThrow(/--fail-fast must be a number of tasks or a share/)
  })
})
