/** Machines as processes of this computer: the contract of a provider, and what only they have. */
import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type LocalOptions, localProvider } from '../../../src/provider/local/local.ts'
import type { LaunchSpec, Machine } from '../../../src/provider/provider.ts'
import { describeProvider } from '../../contract/provider.ts'
import { until } from '../until.ts'

const fixture = (name: string) => new URL(`../../fixtures/${name}`, import.meta.url).pathname
const command = [process.execPath, fixture('machine.js')]

/** A cluster in a folder of its own; `close` ends whatever is left of it. */
function openCluster(changes: Partial<LocalOptions> = {}) {
  const root = mkdtempSync(join(tmpdir(), 'tm-provider-test-'))
  const options: LocalOptions = { cluster: 'test', folder: root, command, env: {}, ...changes }
  const provider = localProvider(options)
  const folderOf = (id: string) => join(root, id.startsWith('n') ? 'nodes' : 'workers', id)
  const logOf = (id: string) => {
    const file = join(folderOf(id), 'log')
    return existsSync(file) ? readFileSync(file, 'utf8') : ''
  }
  return {
    root,
    options,
    provider,
    folderOf,
    logOf,
    /** The fixture does what the name in its URL says. */
    spec: (id: string, does = 'works'): LaunchSpec => ({
      kind: 'worker',
      id,
      node: 'n1',
      url: `http://${does}.invalid`,
      token: 'token of a worker',
    }),
    isUp: ({ id }: Machine) => until(`${id} is ready`, () => logOf(id).includes('ready')),
    async close() {
      const left = await provider.list()
      await Promise.all(left.map(({ id }) => provider.terminate(id, { graceMs: 0 })))
      rmSync(root, { recursive: true })
    },
  }
}

describeProvider('the local provider', async () => {
  const cluster = openCluster()
  const { provider, options, spec, isUp, close } = cluster
  return {
    provider,
    cluster: options.cluster,
    another: () => localProvider(options),
    spec: (id, { kind, deaf } = {}) =>
      kind === 'node' ? { kind, id } : spec(id, deaf ? 'deaf' : 'works'),
    impossible(id) {
      mkdirSync(dirname(cluster.folderOf(id)))
      writeFileSync(cluster.folderOf(id), 'a file where the folder should be')
      return spec(id)
    },
    isUp,
    close,
  }
})

describe('a local machine', () => {
  let cluster: ReturnType<typeof openCluster>
  beforeEach(() => {
    cluster = openCluster({ env: { TM_FIXTURE: 'with environment' } })
  })
  afterEach(() => cluster.close())

  it('runs `worker run` or `node serve` with its arguments and its tag', async () => {
    const { provider, spec, isUp, logOf, folderOf } = cluster
    await isUp(await provider.launch(spec('w1')))
    await isUp(await provider.launch({ kind: 'node', id: 'n1' }))
    const tokenFile = join(folderOf('w1'), 'token')
    expect(logOf('w1')).toContain(
      `started worker run --cluster test --id w1 --url http://works.invalid --token-file ${tokenFile} --tag tm:`,
    )
    expect(logOf('w1')).toMatch(/ tm:[0-9a-f]{16}:worker:w1:n1:\d+\n/)
    expect(readFileSync(tokenFile, 'utf8')).toBe('token of a worker\n')
    expect(logOf('n1')).toMatch(
      /^started node serve --cluster test --id n1 --tag tm:[0-9a-f]{16}:node:n1::\d+\n/,
    )
  })

  it('has the environment that it was given, and nothing of ours', async () => {
    const { provider, spec, isUp, logOf } = cluster
    await isUp(await provider.launch(spec('w1')))
    expect(logOf('w1')).toContain('ready with environment')
  })

  it('has a folder and a log that nobody else can read', async () => {
    const { provider, spec, folderOf } = cluster
    await provider.launch(spec('w1'))
    expect(statSync(folderOf('w1')).mode & 0o777).toBe(0o700)
    expect(statSync(join(folderOf('w1'), 'log')).mode & 0o777).toBe(0o600)
  })

  it('leaves no token behind: the next launch removes it', async () => {
    const { provider, spec, folderOf } = cluster
    await provider.launch(spec('w1', 'exit'))
    await until('w1 has ended', async () => (await provider.list()).length === 0)
    const longAgo = new Date(Date.now() - 120_000)
    utimesSync(join(folderOf('w1'), 'log'), longAgo, longAgo)
    await provider.launch(spec('w2'))
    expect(readdirSync(folderOf('w1'))).toEqual(['log'])
    expect(readdirSync(folderOf('w2')).sort()).toEqual(['log', 'token'])
  })

  it('goes on writing its log where the one before it has stopped', async () => {
    const { provider, spec, logOf } = cluster
    await provider.launch(spec('w1', 'exit'))
    await until('w1 has ended', async () => (await provider.list()).length === 0)
    const before = logOf('w1')
    await provider.launch(spec('w1', 'exit'))
    await until('it has started twice', () => logOf('w1').length === before.length * 2)
  })

  it('is asked to stop before it is made to', async () => {
    const { provider, spec, isUp, logOf } = cluster
    await isUp(await provider.launch(spec('w1')))
    await provider.terminate('w1', { graceMs: 10_000 })
    expect(logOf('w1')).toContain('told to stop')
    await isUp(await provider.launch(spec('w2', 'deaf')))
    const start = performance.now()
    await provider.terminate('w2', { graceMs: 150 })
    expect(performance.now() - start).toBeGreaterThanOrEqual(150)
    expect(logOf('w2')).toContain('told to stop')
  })

  it('is not listed once it has ended by itself', async () => {
    const { provider, spec } = cluster
    const machine = await provider.launch(spec('w1', 'exit'))
    expect(machine.pid).toBeGreaterThan(0)
    await until('w1 has ended', async () => (await provider.list()).length === 0)
  })

  it('outlives the process that launched it, and is seen by every other', async () => {
    const { provider, options, spec, isUp } = cluster
    const args = [fixture('launch.ts'), JSON.stringify(options), JSON.stringify(spec('w1'))]
    execFileSync(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] })
    const [machine] = await provider.list()
    expect(machine).toMatchObject({ id: 'w1', kind: 'worker', node: 'n1', cluster: 'test' })
    await isUp(machine as Machine)
    expect(await provider.launch(spec('w1'))).toEqual(machine)
    await provider.terminate('w1', { graceMs: 5000 })
    expect(await provider.list()).toEqual([])
  })

  it('belongs to the cluster of its folder, not to one of the same name elsewhere', async () => {
    const { provider, spec } = cluster
    const other = openCluster()
    try {
      expect(other.options.cluster).toBe(cluster.options.cluster)
      const machine = await provider.launch(spec('w1'))
      expect(await other.provider.list()).toEqual([])
      await other.provider.terminate('w1', { graceMs: 0 })
      expect(await provider.list()).toEqual([machine])
      const twin = await other.provider.launch(other.spec('w1'))
      expect(twin.pid).not.toBe(machine.pid)
    } finally {
      await other.close()
    }
  })
})

it('fails when the program can not be started, and leaves no process', async () => {
  const cluster = openCluster({ command: [join(tmpdir(), 'no-such-program')] })
  try {
    const launched = cluster.provider.launch(cluster.spec('w1'))
    const message = expect.stringMatching(/^A worker did not start: .*ENOENT/)
    await expect(launched).rejects.toMatchObject({ name: 'TmError', code: 'failed', message })
    expect(await cluster.provider.list()).toEqual([])
  } finally {
    await cluster.close()
  }
})
