/** `tm logs`: the log of a node or worker, wherever it is, also after its end. */
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readOut } from '../../src/cli/logs/follow.ts'
import { describeLine } from '../../src/cli/logs/log-line.ts'
import { localLog, remoteLog } from '../../src/cli/logs/log-source.ts'
import { missingPrograms, sessionCommand } from '../../src/cli/logs/shell.ts'
import { signToken } from '../../src/core/tokens.ts'
import { createTail } from '../../src/runtime/tail.ts'
import { runWorker } from '../../src/worker/worker.ts'
import { run, tm, tmJson } from './run.ts'
import { makeWorld, type World } from './world.ts'

let world: World
beforeEach(async () => {
  world = await makeWorld()
})
afterEach(() => world.close())

function writeLog(folder: string, text: string): string {
  mkdirSync(folder, { recursive: true })
  const file = join(folder, 'log')
  writeFileSync(file, text)
  return file
}

const lines = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, n) => `{"msg":"line ${from + n}"}\n`).join('')

describe('of a local machine', () => {
  it('is the end of its file, as it is in a pipe', async () => {
    writeLog(world.state.nodeFolder('node-1'), lines(1, 500))
    const { stdout, exitCode } = await tm(['logs', 'node-1'], world)
    expect(stdout).toBe(lines(401, 500))
    expect(exitCode).toBe(0)
    expect((await tm(['logs', 'node-1', '--lines', '2'], world)).stdout).toBe(lines(499, 500))
  })

  it('is there when a worker has ended, and says so', async () => {
    writeLog(world.state.workerFolder('node-1-w-1'), 'Error: no such module\n')
    expect(await tm(['logs', 'node-1-w-1'], world)).toEqual({
      stdout: 'Error: no such module\n',
      stderr: 'node-1-w-1 has ended.\n',
      exitCode: 0,
    })
    const { json } = await tmJson(['logs', 'node-1-w-1'], world)
    expect(json).toEqual({ machine: 'node-1-w-1', from: 'node', lines: ['Error: no such module'] })
  })

  it('names the logs that there are', async () => {
    writeLog(world.state.workerFolder('node-1-w-1'), 'x\n')
    expect(await tm(['logs', 'node-2'], world)).toEqual({
      stdout: '',
      stderr: `Error: There is no log of "node-2"
  → Did you mean tm logs node-1?
  → Nodes and workers with a log: node-1, node-1-w-1
`,
      exitCode: 1,
    })
    // Not a path out of the folder.
    expect((await tm(['logs', '../../secret'], world)).exitCode).toBe(1)
  })

  it('is not followed into one object of JSON, and needs no shell', async () => {
    expect((await tm(['logs', 'node-1', '-f', '--json'], world)).exitCode).toBe(2)
    const { stderr, exitCode } = await tm(['logs', 'node-1', '--ssm'], world)
    expect(stderr).toBe('Error: Cluster default is on this machine: you have a shell already\n')
    expect(exitCode).toBe(2)
  })

  it('is followed until its machine has ended, whole lines at a time', async () => {
    const file = writeLog(world.state.workerFolder('w-1'), 'one\ntwo\n')
    let isRunning = true
    const source = localLog(world.state, 'w-1', async () => isRunning)
    if (!source) throw new Error('no log')
    const seen: string[] = []
    const print = (more: string[]) => {
      seen.push(...more)
      if (seen.at(-1) === 'two') appendFileSync(file, 'three\nfo')
      if (seen.at(-1) === 'three') {
        appendFileSync(file, 'ur\n')
        isRunning = false
      }
    }
    expect(await readOut(source, { lines: 10, follow: true, print })).toBe(true)
    expect(seen).toEqual(['one', 'two', 'three', 'four'])
  })
})

describe('over HTTP', () => {
  it('has what a real worker logs, until and after its end', async () => {
    const token = signToken(world.state.secret(), { role: 'worker', subject: 'w-1' })
    const tail = createTail(10)
    const stop = new AbortController()
    const { url } = world.link()
    const log = {
      info: (_: object, what: string) => tail.add(what),
      warn: (_: object, what: string) => tail.add(what),
    }
    const onToken = async () => {}
    const ended = runWorker({
      ...{ id: 'w-1', url, token, onToken, log, tail },
      runners: {},
      machine: { read: () => ({ cpus: 2, memory: 0, disk: 0 }), isShared: true },
      settings: { slots: 1 },
      signal: stop.signal,
    })
    const nextBeat = async () => {
      const source = await remoteLog(world.link(), 'w-1')
      return source ? (await source.last(10)).lines.includes('working') : false
    }
    await world.link().client.changeSettings({ json: { lease: 600 } })
    while (!(await nextBeat())) await new Promise((resolve) => setTimeout(resolve, 10))
    stop.abort()
    await ended
    const source = await remoteLog(world.link(), 'w-1')
    const part = await source?.last(10)
    expect(part?.ended).toBe(true)
    expect(part?.lines.slice(-2)).toEqual(['stopping', 'stopped'])
    expect(await source?.after(part?.next ?? 0)).toMatchObject({ lines: [], ended: true })
    expect(await remoteLog(world.link(), 'w-2')).toBeUndefined()
  })
})

describe('a line on a terminal', () => {
  const rows: [string, string][] = [
    [
      '{"level":30,"time":0,"node":"node-1","action":"launch","rule":1,"msg":"scaling"}',
      '1970-01-01T00:00:00Z  scaling  action=launch rule=1',
    ],
    [
      '{"level":50,"time":0,"worker":"w-1","err":{"message":"boom","stack":"…"},"msg":"failed"}',
      '1970-01-01T00:00:00Z  error  failed  boom',
    ],
    [
      '{"level":30,"time":0,"node":"node-1","worker":"w-1","msg":"launching a worker"}',
      '1970-01-01T00:00:00Z  launching a worker  worker=w-1',
    ],
    ['Error: plain \u001b[2J text', 'Error: plain \\u001b[2J text'],
    ['{"broken', '{"broken'],
  ]
  it.each(rows)('%s', (line, text) => expect(describeLine(line)).toBe(text))

  it('is what tm logs prints there', async () => {
    writeLog(world.state.nodeFolder('node-1'), '{"time":0,"msg":"serving"}\n')
    const { stdout } = await run(['logs', 'node-1'], { ...world, terminal: true })
    expect(stdout).toBe('1970-01-01T00:00:00Z  serving\n')
  })
})

it('a shell needs two programs', () => {
  expect(sessionCommand('i-1', 'eu-west-1').join(' ')).toBe(
    'aws ssm start-session --target i-1 --region eu-west-1',
  )
  expect(sessionCommand('i-1', 'eu-west-1', 'work').slice(-2)).toEqual(['--profile', 'work'])
  expect(missingPrograms('/nowhere')).toEqual(['aws', 'session-manager-plugin'])
})
