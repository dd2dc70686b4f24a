/** The last line of a running command. */
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { lastLine, lastLineOf } from '../../../../src/worker/runners/command/last-line.ts'

const folder = mkdtempSync(join(tmpdir(), 'tm-last-line-'))
afterAll(() => rmSync(folder, { recursive: true }))

it.each([
  ['', ''],
  ['one', 'one'],
  ['one\ntwo\n\n  \n', 'two'],
  ['10 %\r20 %\r', '20 %'],
  ['\rframe= 1\rframe= 2211 fps=60', 'frame= 2211 fps=60'],
  ['a\r\nb\r\n', 'b'],
  ['\u001b[32mgreen\u001b[0m', 'green'],
  ['tab\tand bell\u0007', 'tab and bell'],
  ['\u001b]0;title\u0007text', 'text'],
])('of %j is %j', (text, line) => {
  expect(lastLineOf(text)).toBe(line)
})

it('has at most 200 bytes, and no half character', () => {
  expect(lastLineOf('x'.repeat(500))).toBe('x'.repeat(200))
  expect(lastLineOf(`.${'é'.repeat(150)}`)).toBe(`.${'é'.repeat(99)}`)
  expect(lastLineOf(`.${'語'.repeat(150)}`)).toBe(`.${'語'.repeat(66)}`)
})

it('is of the stream that was written to last', () => {
  const file = (name: string, text: string, seconds: number) => {
    const path = join(folder, name)
    writeFileSync(path, text)
    utimesSync(path, seconds, seconds)
    return path
  }
  const out = (seconds: number) => file('stdout', 'out\n', seconds)
  const err = (seconds: number) => file('stderr', 'err\n', seconds)
  expect(lastLine({ stdout: out(5), stderr: err(9) })).toBe('err')
  expect(lastLine({ stdout: out(9), stderr: err(5) })).toBe('out')
  expect(lastLine({ stdout: out(5), stderr: file('stderr', '', 9) })).toBe('out')
  expect(lastLine({ stdout: out(5), stderr: file('stderr', '\n', 9) })).toBe('out')
  expect(lastLine({ stdout: join(folder, 'x'), stderr: join(folder, 'y') })).toBe('')
  // Only the end of a long one is read.
  expect(lastLine({ stdout: file('stdout', `${'y\n'.repeat(1e6)}end`, 9), stderr: 'x' })).toBe(
    'end',
  )
})
