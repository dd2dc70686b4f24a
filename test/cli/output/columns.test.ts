/** Text in columns for people, in tabs for programs, and long text cut in the middle. */
import widthOf from 'fast-string-width'
import { describe, expect, it } from 'vitest'
import { columns, described, fitted, shorten, tabs } from '../../../src/cli/output/columns.ts'

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

  it('stay aligned under wide characters, emoji and accents', () => {
    const rows = [
      ['日本語.txt', 'a'],
      ['👨‍👩‍👧‍👦 🇩🇪', 'b'],
      ['cafe\u0301', 'c'],
      ['a name.txt', 'd'],
    ]
    expect(columns(rows).split('\n')).toEqual([
      '日本語.txt  a',
      '👨‍👩‍👧‍👦 🇩🇪       b',
      'cafe\u0301        c',
      'a name.txt  d',
    ])
  })

  it('may be ragged, or none', () => {
    expect(columns([['a'], ['bb', 'c']])).toBe('a\nbb  c')
    expect(columns([])).toBe('')
  })
})

describe('names and texts', () => {
  const rows: [string, string][] = [
    ['queue', 'nothing to do'],
    ['scaling', 'the oldest of 20 has waited long enough'],
  ]

  it('fold long texts below their beginning, at words', () => {
    expect(described(rows, 32)).toBe(
      'queue    nothing to do\nscaling  the oldest of 20 has\n         waited long enough',
    )
  })

  it('stay on a line each where the width is not known, or too small for words', () => {
    expect(described(rows)).toBe(columns(rows))
    expect(described(rows, 25)).toBe(columns(rows))
  })
})

describe('fitted', () => {
  const rows = [
    ['id', 'a long name of a file', 'result'],
    ['id', 'b', 'abcdefghijklmnop'],
  ]
  const limits = { 1: { most: 15, least: 4 }, 2: { most: 12, least: 5 } }

  it('leaves what fits, within the most', () => {
    expect(fitted(rows, 80, limits)).toEqual([
      ['id', 'a long … a file', 'result'],
      ['id', 'b', 'abcdef…lmnop'],
    ])
  })

  const widest = (text: string) => Math.max(...text.split('\n').map((line) => widthOf(line)))

  it.each([31, 25, 20, 15])('is no wider than %i columns', (width) => {
    expect(widest(columns(fitted(rows, width, limits)))).toBe(width)
  })

  it('is no narrower than the least widths, and may have no rows', () => {
    expect(widest(columns(fitted(rows, 3, limits)))).toBe(2 + 2 + 4 + 2 + 5)
    expect(fitted([], 80, limits)).toEqual([])
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
    ['日本語', 6, '日本語'],
    ['日本語のファイル.txt', 9, '日本….txt'],
    ['日本語のファイル.txt', 8, '日本…txt'],
    ['a日本語', 4, 'a…'],
    ['👨‍👩‍👧‍👦👨‍👩‍👧‍👦👨‍👩‍👧‍👦', 5, '👨‍👩‍👧‍👦…👨‍👩‍👧‍👦'],
  ]
  it.each(rows)('%j to %i is %j', (text, width, short) => {
    expect(shorten(text, width)).toBe(short)
    expect(widthOf(short)).toBeLessThanOrEqual(width)
  })
})
