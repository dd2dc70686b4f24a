/** The names that clusters have had: enough of them, and never in the way of a removal. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { isKnownName, rememberName } from '../../src/state/cluster-names.ts'

let root: string
let dataDir: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tm-names-'))
  dataDir = join(root, 'data')
})
afterEach(() => rmSync(root, { recursive: true }))

const file = () => join(dataDir, 'cluster-names')

it('a name is known once it was remembered, also without a data directory before', () => {
  expect(isKnownName(dataDir, 'x')).toBe(false)
  for (const _ of [1, 2]) rememberName(dataDir, 'x')
  expect(isKnownName(dataDir, 'x')).toBe(true)
  expect(isKnownName(dataDir, 'y')).toBe(false)
  expect(isKnownName(dataDir, '')).toBe(false)
  expect(readFileSync(file(), 'utf8')).toBe('x\n')
  expect(statSync(file()).mode & 0o777).toBe(0o600)
})

it('the newest are kept', () => {
  for (let n = 0; n < 2500; n += 1) rememberName(dataDir, `ci-${n}`)
  expect(isKnownName(dataDir, 'ci-2499')).toBe(true)
  expect(isKnownName(dataDir, 'ci-2000')).toBe(true)
  expect(isKnownName(dataDir, 'ci-0')).toBe(false)
  expect(readFileSync(file(), 'utf8').split('\n').length).toBeLessThanOrEqual(1001)
})

it('that it can not be remembered is no error', () => {
  mkdirSync(file(), { recursive: true })
  expect(() => rememberName(dataDir, 'x')).not.toThrow()
})
