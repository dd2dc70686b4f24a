/** A secret is only written where the file system keeps it private, with or without hard links. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

/** What the file system can't do. */
const fails = vi.hoisted(() => ({ link: false, chmod: '' as '' | 'ignored' | 'EPERM', mode: 0 }))

vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>()
  const not = (code: string) => Object.assign(new Error(`${code}: not permitted`), { code })
  return {
    ...fs,
    linkSync(from: string, to: string) {
      if (fails.link) throw not('EPERM')
      fs.linkSync(from, to)
    },
    chmodSync(path: string, mode: number) {
      if (fails.chmod === 'EPERM') throw not('EPERM')
      if (fails.chmod === '') fs.chmodSync(path, mode)
    },
    /** Every file and folder there has this mode, if one is set. */
    statSync(path: string, options: object) {
      const found = fs.statSync(path, options)
      return fails.mode === 0 ? found : Object.assign(found, { mode: fails.mode })
    },
  }
})
const { clusterState } = await import('../../src/state/cluster-state.ts')
const { createSecret } = await import('../../src/state/secret-file.ts')

let dataDir: string
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'tm-secret-'))
  Object.assign(fails, { link: false, chmod: '', mode: 0 })
})
afterEach(() => {
  fails.mode = 0
  rmSync(dataDir, { recursive: true })
})

describe('without hard links', () => {
  it('there is one secret all the same', () => {
    fails.link = true
    const file = join(dataDir, 'secret')
    createSecret(file)
    const first = readFileSync(file, 'utf8')
    expect(first).toMatch(/^[0-9a-f]{64}\n$/)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    createSecret(file)
    expect(readFileSync(file, 'utf8')).toBe(first)
    expect(readdirSync(dataDir)).toEqual(['secret'])
  })
})

describe('where modes can not change', () => {
  it.each([
    ['ignored', 'its mode does not change'],
    ['EPERM', 'EPERM: not permitted'],
  ] as const)('nothing secret is written (%s)', (chmod, why) => {
    const state = clusterState(dataDir, 'x')
    Object.assign(fails, { chmod, mode: 0o100777 })
    expect(() => state.create()).toThrow(
      expect.objectContaining({
        code: 'failed',
        message: `The file system of ${state.folder} can't keep it private: ${why}`,
        suggestions: ['Use a directory on another disk: TM_DATA_DIR=DIRECTORY'],
      }),
    )
    expect(readdirSync(state.folder)).toEqual([])
  })

  it('works if they are private already', () => {
    fails.chmod = 'EPERM'
    const state = clusterState(dataDir, 'x')
    state.create()
    expect(state.secret()).toHaveLength(32)
  })
})

it('names the way out where the folder can not be made', () => {
  writeFileSync(join(dataDir, 'clusters'), 'a file')
  const state = clusterState(dataDir, 'x')
  expect(() => state.create()).toThrow(
    expect.objectContaining({
      message: expect.stringMatching(`^${state.folder} can't be created: E`),
      suggestions: ['Use a directory on another disk: TM_DATA_DIR=DIRECTORY'],
    }),
  )
})
