/** What a machine tells its guard: until when it may live, in seconds since its system started. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createEnds } from '../../../src/provider/ec2/instance/ends.ts'

const minute = 60_000
let folder: string
let errors: unknown[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tm-ends-'))
  errors = []
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const owned = () => join(folder, 'owned')
const open = (uptime = 100, where = folder) =>
  createEnds({
    onError: (error) => errors.push(error),
    folder: where,
    owned: owned(),
    uptime: () => uptime,
  })
const written = (name: string) => readFileSync(join(folder, name), 'utf8')

it('is put off, and the machine has an owner from then on', () => {
  const ends = open(100.4)
  expect(existsSync(owned())).toBe(false)
  ends.putOff(30 * minute)
  expect(written('unless-used')).toBe('1901\n')
  expect(existsSync(owned())).toBe(true)
  // Signs come by the thousand: the file is not written for each.
  rmSync(join(folder, 'unless-used'))
  ends.putOff(30 * minute)
  expect(existsSync(join(folder, 'unless-used'))).toBe(false)
  // One that counts for another time is written at once.
  ends.putOff(60 * minute)
  expect(written('unless-used')).toBe('3701\n')
  expect(readdirSync(folder).sort()).toEqual(['owned', 'unless-used'])
})

it('has a limit, which a program that starts again still finds, or none', () => {
  const ends = open()
  expect(ends.limitLeft()).toBeUndefined()
  ends.limit(10 * minute)
  expect(written('limit')).toBe('700\n')
  expect(open(400).limitLeft()).toBe(5 * minute)
  expect(open(800).limitLeft()).toBe(0)
  ends.limit(undefined)
  expect(ends.limitLeft()).toBeUndefined()
})

it('leaves a limit that is no number to the guard, which knows what that means', () => {
  open().limit(Number.NaN)
  expect(written('limit')).toBe('NaN\n')
})

it('fails no request when it can not be written', () => {
  writeFileSync(join(folder, 'file'), '')
  const ends = open(100, join(folder, 'file'))
  ends.limit(minute)
  ends.putOff(minute)
  expect(errors).toHaveLength(2)
})

it('makes its folder anew, if somebody has removed it', () => {
  open(100, join(folder, 'gone', 'again')).limit(minute)
  expect(readFileSync(join(folder, 'gone/again/limit'), 'utf8')).toBe('160\n')
})
