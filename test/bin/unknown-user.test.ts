/**
 * Of a user id without an entry in /etc/passwd, as in `docker run --user 4242`, the system knows
 * neither home nor shell: what needs no files works, the rest says what to set.
 */
import { spawnSync } from 'node:child_process'
import { chownSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { bin, runTm } from './tm.ts'

const uid = 4242
const asUser = ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups']

/** Only root can start a process as another user, who may not be able to read this repository. */
const canTest = spawnSync(asUser[0] as string, [...asUser.slice(1), 'test', '-r', bin]).status === 0
const reason = `NOT TESTED: no process of user ${uid} that can read ${bin}`

let dataDir: string
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'tm-nobody-'))
  if (canTest) chownSync(dataDir, uid, uid)
})
afterEach(() => rmSync(dataDir, { recursive: true }))

async function tm(line: string, env: Record<string, string> = {}) {
  const command = [...asUser, process.execPath, bin]
  const { PATH = '' } = process.env
  const { stdout, stderr, exitCode } = await runTm(line.split(' '), {
    command,
    env: { PATH, ...env },
  })
  return { stdout, stderr, exitCode }
}

const noHome = {
  stdout: '',
  stderr: `Error: tm keeps its files in your home directory, and /nonexistent does not exist
  → Name another directory: TM_DATA_DIR=DIRECTORY
`,
  exitCode: 1,
}

describe('without a home', () => {
  it.for(['--version', '--help', 'up --help'])('tm %s works', async (line, { skip }) => {
    if (!canTest) skip(reason)
    expect(await tm(line)).toMatchObject({ stderr: '', exitCode: 0 })
  })

  it.for(['health', 'list', 'up --local', 'down --yes'])(
    'tm %s says what to set',
    async (line, { skip }) => {
      if (!canTest) skip(reason)
      expect(await tm(line)).toEqual(noHome)
    },
  )

  it('all works with TM_DATA_DIR', async ({ skip }) => {
    if (!canTest) skip(reason)
    const { stderr, exitCode } = await tm('down', { TM_DATA_DIR: dataDir })
    expect(stderr).toContain('Nothing is left of cluster default.\n')
    expect(exitCode).toBe(0)
  })
})

it.for(['', '/nonexistent'])('a home of "%s" is none', async (home, { skip }) => {
  if (!canTest) skip(reason)
  expect(await tm('health', { HOME: home })).toEqual(noHome)
})
