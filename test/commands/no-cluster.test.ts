/** What every command says that needs a cluster when there is none. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { clusterState } from '../../src/state/cluster-state.ts'
import { commandsOfClusters, needy, others } from './needy.ts'
import { tm, tmJson } from './run.ts'

const id = '01997a5e-4b7e-7cc2-8f6a-0d3b5b6e9a10'
const noX = `Error: No cluster named x
  → Start one on this machine: tm up --local --cluster x
  → Or on EC2: tm up --cluster x
`

const noAws = 'EC2 was not looked at: AWS is not set up on this machine.\n'

let around: { dataDir: string }
beforeEach(() => {
  around = { dataDir: mkdtempSync(join(tmpdir(), 'tm-commands-')) }
})
afterEach(() => rmSync(around.dataDir, { recursive: true }))

it('all commands that use a cluster are tested here, or by themselves', () => {
  const tested = needy.map(([name]) => name)
  expect([...tested, ...others].sort()).toEqual(commandsOfClusters().sort())
})

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
      stderr: `${noAws}Nothing is left of cluster default.\n`,
      exitCode: 0,
    })
    const { json, exitCode } = await tmJson(['down'], around)
    expect(json).toEqual({ cluster: 'default', removed: [], remaining: [] })
    expect(exitCode).toBe(0)
  })

  it.each([...needy, ['down', '--yes']].map((argv) => [argv[0], argv] as const))(
    '%s of a mistyped name says what was meant, and which there are',
    async (_, argv) => {
      for (const name of ['default', 'other']) clusterState(around.dataDir, name).create()
      expect(await tm([...argv, '--cluster', 'defualt'], around)).toEqual({
        stdout: '',
        stderr: `${argv[0] === 'down' ? noAws : ''}Error: No cluster named defualt
  → Did you mean --cluster default?
  → Clusters on this machine: default, other
  → Start one on this machine: tm up --local --cluster defualt
  → Or on EC2: tm up --cluster defualt
`,
        exitCode: 1,
      })
    },
  )

  it('down of a cluster that was removed may be run again, and again', async () => {
    clusterState(around.dataDir, 'x').create()
    const down = ['down', '--yes', '--cluster', 'x']
    expect((await tm(down, around)).exitCode).toBe(0)
    for (const name of ['x', 'x']) {
      expect(await tm(['down', '--yes', '--cluster', name], around)).toEqual({
        stdout: '',
        stderr: `${noAws}Nothing is left of cluster x.\n`,
        exitCode: 0,
      })
    }
  })

  it('up without AWS tells of --local', async () => {
    const { stderr, exitCode } = await tm(['up'], around)
    expect(stderr).toContain('\n  → Or run the cluster on this machine: tm up --local\n')
    expect(exitCode).toBeGreaterThan(0)
  })

  it('down without a name says which clusters there are', async () => {
    clusterState(around.dataDir, 'other').create()
    expect(await tm(['down'], around)).toEqual({
      stdout: '',
      stderr: `${noAws}Nothing is left of cluster default.\nClusters on this machine: other\n`,
      exitCode: 0,
    })
  })

  it.each(['UP', '', '../x', 'a_b', '-a', 'x'.repeat(41)])('%j is not a name', async (name) => {
    expect(await tm(['pull', `--cluster=${name}`], around)).toEqual({
      stdout: '',
      stderr: `Error: A cluster's name has up to 40 lower-case letters, digits and hyphens, not "${name}"\n`,
      exitCode: 2,
    })
  })
})

describe('the state of a cluster on this machine', () => {
  const modes = [
    { mode: 0o644, shown: '644' },
    { mode: 0o640, shown: '640' },
    { mode: 0o602, shown: '602' },
  ]
  it.each(modes)('is refused when its secret has mode $shown', async ({ mode, shown }) => {
    const state = clusterState(around.dataDir, 'default')
    state.create()
    chmodSync(state.path('secret'), mode)
    expect(await tm(['token'], around)).toEqual({
      stdout: '',
      stderr: `Error: Others can read DATA/clusters/default/secret (mode ${shown})
  → chmod 600 DATA/clusters/default/secret
`,
      exitCode: 1,
    })
    chmodSync(state.path('secret'), 0o600)
    expect((await tm(['token'], around)).stdout).toMatch(/^tm_admin_default_[\w-]{43}\n$/)
  })

  it('is named when it is damaged, with the way out', async () => {
    const state = clusterState(around.dataDir, 'x')
    state.create()
    writeFileSync(state.path('cluster.json'), '{"cluster":')
    expect(await tm(['pull', '--cluster', 'x'], around)).toEqual({
      stdout: '',
      stderr: `Error: DATA/clusters/x/cluster.json can't be read: Unexpected end of JSON input
  → It is only a cache: remove it, then tm up --local --cluster x
`,
      exitCode: 1,
    })
  })
})

describe('a cluster whose tm up was interrupted', () => {
  it('is said to be so, with the command that completes it', async () => {
    const state = clusterState(around.dataDir, 'x')
    state.create()
    const nodes = [{ id: 'node-1', url: '' }]
    state.write({ cluster: 'x', provider: 'local', nodes, createdAt: 0 })
    for (const argv of [['enqueue', '-n', '1', '/dev/null'], ['pull'], ['status', id]]) {
      const { stderr, exitCode } = await tm([...argv, '--cluster', 'x'], around)
      expect(stderr).toContain('it is not up yet')
      expect(stderr).not.toContain('Invalid URL')
      expect(exitCode).toBe(1)
    }
    const { stderr } = await tm(['enqueue', '-n', '1', '/dev/null', '--cluster', 'x'], around)
    expect(stderr).toContain('tm up --local --cluster x')
    const { stdout } = await tm(['list'], around)
    expect(stdout).toContain('stopped: tm up --local --cluster x starts it\n')
  })
})

describe('token', () => {
  it('prints the admin token, and nothing else', async () => {
    clusterState(around.dataDir, 'default').create()
    const { stdout, stderr, exitCode } = await tm(['token'], around)
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 })
    expect(await tmJson(['token'], around)).toEqual({
      json: { token: stdout.trim() },
      stderr: '',
      exitCode: 0,
    })
  })
})
