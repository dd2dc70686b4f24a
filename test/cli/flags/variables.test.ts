import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readVariables } from '../../../src/cli/flags/variables.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tm-variables-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function read(text: string, given: string[] = []): Record<string, string> {
  const file = join(folder, 'env')
  writeFileSync(file, text)
  return readVariables({ given, files: [file], here: { HERE: 'x y' } })
}

describe('variables for a command', () => {
  it('come from files, a line each, with comments and the quotes that people write', () => {
    const text = `\uFEFF# mine
A=1

export B=two words  \r
C="a # b"
D='$HOME'
E=
F=a=b
G="
`
    const expected = { A: '1', B: 'two words', C: 'a # b', D: '$HOME', E: '', F: 'a=b', G: '"' }
    expect(read(text)).toEqual(expected)
  })

  it('come from --env, which wins, and from here if it has no value', () => {
    expect(read('A=1\nB=2', ['A=3\nx', 'HERE'])).toEqual({ A: '3\nx', B: '2', HERE: 'x y' })
  })

  it.each([
    ['A=1\nB', [], /env, line 2 is not NAME=VALUE/],
    ['1A=1', [], /line 1/],
    ['A=\0', [], /NUL/],
    [`A=${'x'.repeat(131_072)}`, [], /128 KiB/],
    ['', ['GONE'], /--env GONE: it is not set here/],
    ['', ['A B'], /NAME=VALUE or NAME/],
  ])('%j, %j are refused', (text, given, why) => {
    expect(() => read(text, given)).toThrow(why)
  })

  it('are not there without their file', () => {
    const files = [join(folder, 'none')]
    expect(() => readVariables({ given: [], files, here: {} })).toThrow(/none: .*no such file/)
  })
})
