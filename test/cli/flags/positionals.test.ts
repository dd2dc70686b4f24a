/** Words and flags are told apart as oclif would, but in order, and for many words at once. */
import { describe, expect, it } from 'vitest'
import { type FlagShape, splitPositionals } from '../../../src/cli/flags/positionals.ts'

const flags: Record<string, FlagShape> = {
  iterations: { type: 'option', char: 'n' },
  cluster: { type: 'option', aliases: ['name'] },
  wait: { type: 'boolean', char: 'w' },
}

const rows: [string, string[], string[]][] = [
  ['a b a', ['a', 'b', 'a'], ['--', 'a']],
  ['-n 5 a 5', ['a', '5'], ['-n', '5', '--', 'a']],
  ['a -n 5 b', ['a', 'b'], ['-n', '5', '--', 'a']],
  ['--iterations 5 a', ['a'], ['--iterations', '5', '--', 'a']],
  ['--iterations=5 a', ['a'], ['--iterations=5', '--', 'a']],
  ['--name x a', ['a'], ['--name', 'x', '--', 'a']],
  ['-n5 a', ['a'], ['-n5', '--', 'a']],
  ['-wn 5 a', ['a'], ['-wn', '5', '--', 'a']],
  ['-wn5 a', ['a'], ['-wn5', '--', 'a']],
  ['--wait a', ['a'], ['--wait', '--', 'a']],
  ['--json a', ['a'], ['--json', '--', 'a']],
  ['--unknown a', ['a'], ['--unknown', '--', 'a']],
  ['-', ['-'], ['--', '-']],
  ['-1 a', ['-1', 'a'], ['--', '-1']],
  ['-n -1 a', ['a'], ['-n', '-1', '--', 'a']],
  ['-n 5 -- -x --json', ['-x', '--json'], ['-n', '5', '--', '-x']],
  ['a -- b -- c', ['a', 'b', '--', 'c'], ['--', 'a']],
  ['-n', [], ['-n']],
  ['-n 5', [], ['-n', '5']],
]

describe('words', () => {
  it.each(rows)('%s', (line, words, rest) => {
    expect(splitPositionals(line.split(' '), flags)).toEqual({ positionals: words, rest })
  })

  it('take time in proportion to their number', () => {
    const many = Array.from({ length: 200_000 }, (_, n) => `some/folder/file-${n}`)
    const began = performance.now()
    expect(splitPositionals(['-n', '5', ...many], flags).positionals).toEqual(many)
    expect(performance.now() - began).toBeLessThan(2000)
  })
})
