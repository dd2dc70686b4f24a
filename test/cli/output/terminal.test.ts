/** What came from outside can do nothing to a terminal; our own styles pass. */
import { Chalk } from 'chalk'
import { describe, expect, it } from 'vitest'
import { forTerminal, printable, widthOf } from '../../../src/cli/output/terminal.ts'

const hostile: [what: string, text: string, shown: string][] = [
  ['a colour', 'a\x1b[31mb', 'a\\u001b[31mb'],
  ['a title of the window', '\x1b]0;title\x07', '\\u001b]0;title\\u0007'],
  ['a cleared screen', '\x1b[2J\x1b[H', '\\u001b[2J\\u001b[H'],
  ['a return to the start of the line', 'good\rbad', 'good\\rbad'],
  ['a line break', 'a\nError: b', 'a\\nError: b'],
  ['a separator of lines', 'a\u2028b\u2029c', 'a\\u2028b\\u2029c'],
  ['the eight-bit form of an escape', 'a\u009b31mb', 'a\\u009b31mb'],
  ['deleted letters', 'a\b\x7f', 'a\\u0008\\u007f'],
  ['another direction', 'cod\u202egpj.exe\u202c', 'cod\\u202egpj.exe\\u202c'],
  ['an isolated direction', '\u2066a\u2069\u200f', '\\u2066a\\u2069\\u200f'],
]
const harmless = ['naïve.txt', '日本語.txt', '👨‍👩‍👧‍👦 🇩🇪.txt', 'cafe\u0301', 'שלום', 'a\\nb']

describe('one piece of text from outside', () => {
  it.each(hostile)('shows %s', (_, text, shown) => expect(printable(text)).toBe(shown))
  it.each(harmless)('stays as it is: %s', (text) => expect(printable(text)).toBe(text))
})

describe('whole output', () => {
  const styles = new Chalk({ level: 1 })
  const ours = [
    styles.bold('a'),
    styles.dim('b'),
    styles.red('c'),
    styles.green(`d${styles.bold('e')}`),
    styles.cyan('f'),
    'two\nlines\tand a tab',
    '',
  ]
  it.each(ours)('keeps our own styles: %j', (text) => expect(forTerminal(text)).toBe(text))
  it.each(harmless)('stays as it is: %s', (text) => expect(forTerminal(text)).toBe(text))

  it('lets nothing else move the cursor, clear the screen or turn the text', () => {
    for (const [, text] of hostile) {
      const rest = forTerminal(text).replace('\x1b[31m', '')
      expect(rest).not.toMatch(/[^\P{Cc}\n]|\p{Bidi_Control}/u)
    }
  })

  it('keeps JSON valid', () => {
    const value = { file: 'a\u009b31m\u202e\n\x1b' }
    expect(JSON.parse(forTerminal(JSON.stringify(value, undefined, 2)))).toEqual(value)
  })
})

it('the width of what is no terminal is not known', () => {
  expect(widthOf({ isTTY: false, columns: 80 })).toBeUndefined()
  expect(widthOf({ isTTY: true, columns: 80 })).toBe(80)
  expect(widthOf({ isTTY: true, columns: 0 })).toBe(Infinity)
})
