/** What every command says that needs a cluster when there is none. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { savedCluster } from '../../src/cli/saved.ts'
import { tm, tmJson } from './run.ts'

const id = '01997a5e-4b7e-7cc2-8f6a-0d3b5b6e9a10'
const needy = [
  ['enqueue', '--iterations', '1', '/dev/null'],
  ['health'],
  ['pull'],
  ['status', id],
  ['token'],
  ['wait', id],
]

const noX = `Error: No cluster named x
  → Start one on this machine: tm up --local --cluster x
  → Or on EC2: tm up --cluster x
`

let around: { dataDir: string }
beforeEach(() => {
  around = { dataDir: mkdtempSync(join(tmpdir(), 'tm-commands-')) }
})
afterEach(() => rmSync(around.dataDir, { recursive: true }))

describe('without a cluster', () => {
  it.each(needy.map((argv) => [argv[0], argv] as const))(
    '%s says how to start one',
    async (_, argv) => {
      expect(await tm([...argv, '--cluster', 'x'], around)).toEqual({
        stdout: '',
        stderr: noX,
        exitCode: 1,
      })
    },
  )

  it.each(needy.map((argv) => [argv[0], argv] as const))(
    '%s --json says so too',
    async (_, argv) => {
      const message = 'No cluster named default'
      const suggestions = ['Start one on this machine: tm up --local', 'Or on EC2: tm up']
      expect(await tmJson(argv, around)).toEqual({
        json: { error: { code: 'not_found', message, suggestions } },
        stderr: '',
        exitCode: 1,
      })
    },
  )

  it('takes the name from --name and TM_CLUSTER as well', async () => {
    const expected = { stdout: '', stderr: noX, exitCode: 1 }
    expect(await tm(['pull', '--name', 'x'], around)).toEqual(expected)
    expect(await tm(['pull'], { ...around, env: { TM_CLUSTER: 'x' } })).toEqual(expected)
  })

  it('down has nothing to do', async () => {
    expect(await tm(['down'], around)).toEqual({
      stdout: '',
      stderr: 'Nothing is left of cluster default.\n',
      exitCode: 0,
    })
    const { json, exitCode } = await tmJson(['down', '--cluster', 'x'], around)
    expect(json).toEqual({ cluster: 'x', removed: [], remaining: [] })
    expect(exitCode).toBe(0)
  })

  it.each(['UP', '', '../x', 'a_b', '-a', 'x'.repeat(41)])('%j is not a name', async (name) => {
    expect(await tm(['pull', `--cluster=${name}`], around)).toEqual({
      stdout: '',
      stderr: `Error: A cluster's name has up to 40 lower-case letters, digits and hyphens, not "${name}"\n`,
      exitCode: 2,
    })
  })
})

describe('what is saved of a cluster', () => {
  const modes = [
    { mode: 0o644, shown: '644' },
    { mode: 0o640, shown: '640' },
    { mode: 0o602, shown: '602' },
  ]
  it.each(modes)('is refused when its secret has mode $shown', async ({ mode, shown }) => {
    const saved = savedCluster(around.dataDir, 'default')
    saved.create()
    chmodSync(saved.path('secret'), mode)
    expect(await tm(['token'], around)).toEqual({
      stdout: '',
      stderr: `Error: Others can read DATA/clusters/default/secret (mode ${shown})
  → chmod 600 DATA/clusters/default/secret
`,
      exitCode: 1,
    })
    chmodSync(saved.path('secret'), 0o600)
    expect((await tm(['token'], around)).stdout).toMatch(/^tm_admin_default_[\w-]{43}\n$/)
  })

  it('is named when it is damaged, with the way out', async () => {
    const saved = savedCluster(around.dataDir, 'x')
    saved.create()
    writeFileSync(saved.path('cluster.json'), '{"cluster":')
    expect(await tm(['pull', '--cluster', 'x'], around)).toEqual({
      stdout: '',
      stderr: `Error: DATA/clusters/x/cluster.json can't be read: Unexpected end of JSON input
  → It is only a cache: remove it, then tm up --local --cluster x
`,
      exitCode: 1,
    })
  })
})

describe('token', () => {
  it('prints the admin token, and nothing else', async () => {
    savedCluster(around.dataDir, 'default').create()
    const { stdout, stderr, exitCode } = await tm(['token'], around)
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 })
    expect(await tmJson(['token'], around)).toEqual({
      json: { token: stdout.trim() },
      stderr: '',
      exitCode: 0,
    })
  })
})
