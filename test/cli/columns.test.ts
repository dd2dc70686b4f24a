/** Text in columns for people, in tabs for programs, and long text cut in the middle. */
import { describe, expect, it } from 'vitest'
import { columns, shorten, tabs } from '../../src/cli/columns.ts'

describe('columns', () => {
  it('are as wide as needed, two spaces apart, with nothing behind the last one', () => {
    const rows = [
      ['ID', 'FILE', 'RESULT'],
      ['1', 'a long name', ''],
      ['22', '', 'x'],
    ]
    expect(columns(rows)).toBe('ID  FILE         RESULT\n1   a long name\n22               x')
  })

  it('do not count colours', () => {
    const rows = [
      ['\x1b[31mred\x1b[39m', 'a'],
      ['green', 'b'],
    ]
    expect(columns(rows)).toBe('\x1b[31mred\x1b[39m    a\ngreen  b')
  })

  it('may be ragged, or none', () => {
    expect(columns([['a'], ['bb', 'c']])).toBe('a\nbb  c')
    expect(columns([])).toBe('')
  })
})

describe('tabs', () => {
  it('keep one row a line, whatever is in a cell', () => {
    expect(
      tabs([
        ['a\tb', 'c\nd', 'e\r'],
        ['', 'x', ''],
      ]),
    ).toBe('a b\tc d\te \n\tx\t')
  })
})

describe('shorten', () => {
  const rows: [string, number, string][] = [
    ['abcdef', 6, 'abcdef'],
    ['abcdefg', 6, 'abc…fg'],
    ['abcdefg', 5, 'ab…fg'],
    ['abcdefg', 1, '…'],
    ['', 3, ''],
  ]
  it.each(rows)('%j to %i is %j', (text, width, short) => {
    expect(shorten(text, width)).toBe(short)
    expect(short.length).toBeLessThanOrEqual(Math.max(width, text.length > width ? width : 0))
  })
})
