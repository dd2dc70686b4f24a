/**
 * How commands end: 0 only if all that was asked for was done and written. Each row is a command in a
 * situation; another command or situation is another row.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { nodesOf } from '../../src/state/cluster-nodes.ts'
import { type ClusterState, clusterState } from '../../src/state/cluster-state.ts'
import { makeWorld, type World } from '../commands/world.ts'
import { bin, endAll, ourPath, type Run, type RunOptions, runTm } from './tm.ts'

const count = 1000
let world: World
let ids: string[]
let files: string[]
beforeAll(async () => {
  world = await makeWorld({ nodes: 2 })
  ids = await world.enqueue(Array.from({ length: count }, (_, n) => ({ body: String(n) })))
  await world.worker(1).work()
  files = Array.from({ length: count }, (_, n) => world.file(`many/${n}`, `file ${n}`))
})
afterEach(endAll)
afterAll(() => world.close())

type Queue = Awaited<ReturnType<World['links'][0]['client']['getState']>>['queue']

async function total(count: (queue: Queue) => number): Promise<number> {
  // With the tokens of now: a command here replaces them.
  const links = nodesOf(world.state)
  const states = await Promise.all(links.map(({ client }) => client.getState()))
  return states.reduce((sum, { queue }) => sum + count(queue), 0)
}
const unpulled = () => total((queue) => queue.unpulled)
const pulled = () => total((queue) => queue.succeeded - queue.unpulled)
const known = () => total((queue) => queue.queued + queue.running + queue.succeeded)

const env = () => ({
  ...{ PATH: ourPath, TM_DATA_DIR: world.dataDir },
  ...{ AWS_CONFIG_FILE: '/dev/null', AWS_SHARED_CREDENTIALS_FILE: '/dev/null' },
})

async function tm(argv: string[], options: RunOptions = {}): Promise<Run> {
  return await runTm(argv, { env: env(), ...options })
}

/** Commands that only show something, by what comes after `tm`. */
const showing: [string, () => string[]][] = [
  ['pull', () => ['pull', '--top', '1000']],
  ['pull --json', () => ['pull', '--top', '1000', '--json']],
  ['wait', () => ['wait', ...ids]],
  ['wait --json', () => ['wait', '--json', ...ids]],
  ['status', () => ['status', ids[0] as string]],
  ['status --json', () => ['status', '--json', ids[0] as string]],
  ['health', () => ['health']],
  ['token', () => ['token']],
  ['--help', () => ['--help']],
  ['up --help', () => ['up', '--help']],
  ['--version', () => ['--version']],
  ['an unknown command', () => ['x', '--json']],
]

/** Commands that change something. Each is also run with nobody to read its output, to its end. */
const changing: [string, () => string[]][] = [
  ['enqueue', () => ['enqueue', '-n', '1', ...files.slice(0, 50)]],
  ['enqueue --json', () => ['enqueue', '-n', '1', '--json', ...files.slice(0, 50)]],
  ['backup', () => ['backup', '--to', join(world.dataDir, `backup-${Math.random()}`)]],
  ['rotate-tokens', () => ['rotate-tokens']],
]

const isError = (name: string) => name === 'an unknown command'

// First: the workers of this test know only the tokens of the beginning.
it('a disk that fills up is an error of tm enqueue --wait, and nothing is marked', async (context) => {
  if (noDisk) context.skip(`NOT TESTED: ${noDisk}`)
  const before = await pulled()
  let isDone = false
  const working = [1, 2].map(async (n) => {
    while (!isDone) {
      await world.worker(n).work()
      await sleep(20)
    }
  })
  const { stdout, stderr, exitCode } = await tm(
    [],
    onSmallDisk(['enqueue', '-n', '1', '--wait', ...files]),
  )
  isDone = true
  await Promise.all(working)
  expect(stderr).toContain('no space left on device')
  expect(Buffer.byteLength(stdout)).toBe(64 * 1024)
  expect(exitCode).toBe(1)
  expect(await pulled()).toBe(before)
})

describe('output on a full device', () => {
  it.each([...showing, ...changing])('is an error of tm %s', async (name, argv) => {
    const before = await unpulled()
    const full = openSync('/dev/full', 'w')
    const { stderr, exitCode } = await tm(argv(), { stdio: ['ignore', full, 'pipe'] })
    expect(exitCode).toBe(isError(name) ? 2 : 1)
    if (!isError(name)) {
      expect(stderr).toContain("Error: Standard output can't be written: no space left on device")
    }
    expect(await unpulled()).toBe(before)
  })
})

describe('a reader that is gone', () => {
  const closed: RunOptions = { onStart: (child) => child.stdout?.destroy() }

  it.each(showing)('ends tm %s as it ends cat, and nothing is marked', async (_, argv) => {
    const before = await unpulled()
    const { stderr, exitCode, signal } = await tm(argv(), closed)
    expect({ stderr, exitCode, signal }).toEqual({ stderr, exitCode: null, signal: 'SIGPIPE' })
    expect(stderr).not.toContain('Error')
    expect(await unpulled()).toBe(before)
  })

  it.each(changing)('does not stop tm %s', async (name, argv) => {
    const before = await known()
    const { stderr, exitCode } = await tm(argv(), closed)
    expect(stderr).not.toContain('Error')
    expect(exitCode).toBe(0)
    if (name.startsWith('enqueue')) expect(await known()).toBe(before + 50)
  })

  it('does not stop tm enqueue that it has read from: all files are enqueued', async () => {
    const before = await known()
    const command = ['bash', '-o', 'pipefail', '-c', '"$@" | head -1', '-', process.execPath, bin]
    const { stdout, exitCode } = await tm(['enqueue', '-n', '1', ...files], { command })
    expect({ lines: stdout.split('\n').length - 1, exitCode }).toEqual({ lines: 1, exitCode: 0 })
    expect(await known()).toBe(before + count)
  })
})

/** A disk of 64 KiB, for one command. */
function onSmallDisk(argv: string[]): RunOptions {
  const folder = join(world.dataDir, 'small')
  mkdirSync(folder, { recursive: true })
  const script = `mount -t tmpfs -o size=64k tmpfs '${folder}' || exit 99
    "$@" > '${folder}/out'; code=$?; cat '${folder}/out'; exit $code`
  const command = ['unshare', '-rm', 'sh', '-c', script, '-', process.execPath, bin, ...argv]
  return { command }
}

const noDisk =
  spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0
    ? undefined
    : 'this user may not mount a disk'

describe('a disk that fills up', () => {
  const ofResults: [string, () => string[]][] = [
    ['pull', () => ['pull', '--top', '1000']],
    ['pull --json', () => ['pull', '--top', '1000', '--json']],
  ]
  it.for(ofResults)('cuts tm %s: only what is there is marked', async ([, argv], context) => {
    if (noDisk) context.skip(`NOT TESTED: ${noDisk}`)
    const before = await unpulled()
    const { stdout, stderr, exitCode } = await tm([], onSmallDisk(argv()))
    const [, written = ''] = /no space left on device\. (\d+) of 1,000 results/.exec(stderr) ?? []
    expect(exitCode).toBe(1)
    expect(Buffer.byteLength(stdout)).toBe(64 * 1024)
    const whole = stdout.match(/[0-9a-f]{128}\n|"attempts": 1\n/g)?.length ?? 0
    expect(Number(written)).toBeGreaterThan(100)
    // Of the last object the closing bracket may be missing.
    expect(whole - Number(written)).toBeLessThanOrEqual(1)
    expect(before - (await unpulled())).toBeLessThanOrEqual(Number(written))
  })

  const others: [string, () => string[], RegExp][] = [
    ['wait', () => ['wait', ...ids], /no space left on device\n/],
    ['wait --json', () => ['wait', '--json', ...ids], /no space left on device\n/],
    [
      'enqueue',
      () => ['enqueue', '-n', '1', ...files, ...files],
      /no space left on device\. Enqueued: 2,000 files\n {2}→ Print the ids: tm enqueue --resume …/,
    ],
  ]
  it.for(others)('is an error of tm %s', async ([, argv, told], context) => {
    if (noDisk) context.skip(`NOT TESTED: ${noDisk}`)
    const before = await unpulled()
    const { stderr, exitCode } = await tm([], onSmallDisk(argv()))
    expect(stderr).toMatch(told)
    expect(exitCode).toBe(1)
    expect(await unpulled()).toBe(before)
  })
})

describe('stderr that can not be written', () => {
  it.each([...showing, ...changing])('changes nothing for tm %s', async (name, argv) => {
    const full = openSync('/dev/full', 'w')
    const { stdout, exitCode } = await tm(argv(), { stdio: ['ignore', 'pipe', full] })
    // What is not seen on stderr is seen in the exit code.
    expect(exitCode).toBe(isError(name) ? 2 : name === 'health' ? 1 : 0)
    expect(stdout).not.toBe('')
  })
})

describe('a log that can not be written', () => {
  it('does not end a node, which stops well', async () => {
    const state = clusterState(world.dataDir, 'full')
    const full = openSync('/dev/full', 'w')
    const { exitCode } = await tm(['node', 'serve', '--cluster', 'full'], {
      stdio: ['ignore', full, 'pipe'],
      onStart: (child) => void served(state).then(() => child.kill('SIGTERM')),
    })
    expect(exitCode).toBe(0)
  })
})

/** Until its node answers. */
async function served(state: ClusterState): Promise<void> {
  const file = join(state.nodeFolder('node-1'), 'address.json')
  while (!existsSync(file)) await sleep(20)
  const { url } = JSON.parse(readFileSync(file, 'utf8'))
  expect((await fetch(`${url}/healthz`)).status).toBe(200)
}
