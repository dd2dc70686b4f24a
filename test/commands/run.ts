/** Runs one command in this process, as a shell would see it: its output, and its exit code. */
import { readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import type { Command } from '@oclif/core'
import { vi } from 'vitest'
import AllowIp from '../../src/commands/allow-ip.ts'
import Backup from '../../src/commands/backup.ts'
import Cancel from '../../src/commands/cancel.ts'
import Down from '../../src/commands/down.ts'
import Enqueue from '../../src/commands/enqueue.ts'
import Explain from '../../src/commands/explain.ts'
import Health from '../../src/commands/health.ts'
import Job from '../../src/commands/job.ts'
import Joblog from '../../src/commands/joblog.ts'
import Jobs from '../../src/commands/jobs.ts'
import List from '../../src/commands/list.ts'
import Logs from '../../src/commands/logs.ts'
import Policy from '../../src/commands/policy.ts'
import Pull from '../../src/commands/pull.ts'
import Retry from '../../src/commands/retry.ts'
import RotateTokens from '../../src/commands/rotate-tokens.ts'
import Run from '../../src/commands/run.ts'
import Status from '../../src/commands/status.ts'
import Token from '../../src/commands/token.ts'
import Up from '../../src/commands/up.ts'
import Wait from '../../src/commands/wait.ts'

const commands = {
  'allow-ip': AllowIp,
  backup: Backup,
  cancel: Cancel,
  down: Down,
  enqueue: Enqueue,
  explain: Explain,
  health: Health,
  job: Job,
  joblog: Joblog,
  jobs: Jobs,
  list: List,
  logs: Logs,
  policy: Policy,
  pull: Pull,
  retry: Retry,
  'rotate-tokens': RotateTokens,
  run: Run,
  status: Status,
  token: Token,
  up: Up,
  wait: Wait,
}

/** Everything but plugins and the built commands: these tests run what is in `src`. */
const root = new URL('../..', import.meta.url).pathname
const pjson = JSON.parse(readFileSync(`${root}/package.json`, 'utf8'))
const loadOptions = {
  root,
  pjson: { ...pjson, oclif: { ...pjson.oclif, commands: undefined, plugins: [] } },
}

export interface Ran {
  stdout: string
  stderr: string
  exitCode: number
}

export interface Surroundings {
  dataDir: string
  env?: Record<string, string>
  stdin?: string
  /** Both standard input and output are a terminal. */
  terminal?: boolean
  /** The width of that terminal; not known if undefined. */
  columns?: number
}

/** No AWS, whatever the machine of the tests has. */
const notSetUp = {
  AWS_REGION: undefined,
  AWS_DEFAULT_REGION: undefined,
  AWS_ACCESS_KEY_ID: undefined,
  AWS_SECRET_ACCESS_KEY: undefined,
  AWS_SESSION_TOKEN: undefined,
  AWS_PROFILE: undefined,
  AWS_CONFIG_FILE: '/dev/null',
  AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  AWS_EC2_METADATA_DISABLED: 'true',
}

/** The command line without `tm`. Ids, addresses and times stay as they are: see {@link masked}. */
export async function run(argv: string[], around: Surroundings): Promise<Ran> {
  const [name = '', ...rest] = argv
  const command = commands[name as keyof typeof commands] as typeof Command & {
    run(argv: string[], options: unknown): Promise<unknown>
  }
  const out = { stdout: '', stderr: '' }
  const restore = replaceStreams(around, out)
  vi.stubEnv('NODE_ENV', 'production')
  vi.stubEnv('TM_DATA_DIR', around.dataDir)
  for (const [key, value] of Object.entries({ ...notSetUp, ...around.env })) vi.stubEnv(key, value)
  const forget = forgetListeners()
  process.exitCode = undefined
  try {
    await command.run(rest, loadOptions)
    return { ...plain(out), exitCode: Number(process.exitCode ?? 0) }
  } catch (error) {
    const exit = (error as { oclif?: { exit?: number } }).oclif?.exit
    if (exit === undefined) throw error
    return { ...plain(out), exitCode: exit }
  } finally {
    process.exitCode = undefined
    forget()
    vi.unstubAllEnvs()
    restore()
  }
}

function plain({ stdout, stderr }: { stdout: string; stderr: string }) {
  return {
    stdout: stripVTControlCharacters(stdout),
    stderr: stripVTControlCharacters(stderr),
  }
}

function replaceStreams(
  { stdin = '', terminal = false, columns }: Surroundings,
  out: { stdout: string; stderr: string },
): () => void {
  const into = (name: 'stdout' | 'stderr') => (text: unknown, written?: unknown) => {
    out[name] += text
    if (typeof written === 'function') written()
    return true
  }
  const line = (name: 'stdout' | 'stderr') => (text: unknown) => {
    out[name] += `${text ?? ''}\n`
  }
  const spies = [
    vi.spyOn(console, 'log').mockImplementation(line('stdout')),
    vi.spyOn(console, 'error').mockImplementation(line('stderr')),
    vi.spyOn(process.stdout, 'write').mockImplementation(into('stdout')),
    vi.spyOn(process.stderr, 'write').mockImplementation(into('stderr')),
  ]
  const input = Object.assign(Readable.from(stdin === '' ? [] : [Buffer.from(stdin)]), {
    isTTY: terminal,
  })
  const before = [
    replace(process, 'stdin', input),
    replace(process.stdout, 'isTTY', terminal),
    replace(process.stdout, 'columns', columns),
    replace(process.stderr, 'isTTY', false),
  ]
  return () => {
    for (const spy of spies) spy.mockRestore()
    for (const putBack of before) putBack()
  }
}

/** A command's own process would end with what it waits for signals with. */
function forgetListeners(): () => void {
  const names = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const
  const before = new Set(names.flatMap((name) => process.listeners(name)))
  return () => {
    for (const name of names) {
      for (const one of process.listeners(name)) {
        if (!before.has(one)) process.off(name, one)
      }
    }
  }
}

function replace(object: object, key: string, value: unknown): () => void {
  const old = Object.getOwnPropertyDescriptor(object, key)
  Object.defineProperty(object, key, { value, configurable: true, writable: true })
  return () => {
    if (old) Object.defineProperty(object, key, old)
    else Reflect.deleteProperty(object, key)
  }
}

/** What differs from run to run, replaced by what it is: everything else is compared exactly. */
export function masked(text: string, around: { dataDir: string }): string {
  return text
    .replaceAll(around.dataDir, 'DATA')
    .replace(/http:\/\/127\.0\.0\.1:\d+/g, 'URL')
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, 'TIME')
    .replace(/\b(\d+ min )?\d+(\.\d)? s\b/g, 'N s')
    .replace(/\t\d+ms\t/g, '\tNms\t')
    .replace(/\b[\d.,]+\/s\b/g, 'N/s')
}

/** {@link run}, with both streams masked. */
export async function tm(argv: string[], around: Surroundings): Promise<Ran> {
  const { stdout, stderr, exitCode } = await run(argv, around)
  return { stdout: masked(stdout, around), stderr: masked(stderr, around), exitCode }
}

/** The one object on stdout, which is all that may be there. */
export async function tmJson<T>(
  argv: string[],
  around: Surroundings,
): Promise<{ json: T; stderr: string; exitCode: number }> {
  const { stdout, stderr, exitCode } = await run([...argv, '--json'], around)
  return { json: JSON.parse(stdout) as T, stderr: masked(stderr, around), exitCode }
}
