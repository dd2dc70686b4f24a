/**
 * Real processes for the end-to-end tests: `tm` as a user starts it, in a data directory of the
 * test's own, and proof from the process table that nothing of it is left when the test has ended.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { test } from 'vitest'
import { connect } from '../../src/api/client.ts'
import type { UpResult } from '../../src/cli/cluster/up.ts'
import type { Health } from '../../src/cli/output/health.ts'
import { signToken } from '../../src/core/tokens.ts'
import type { RemovalResult } from '../../src/provider/cluster.ts'
import { findProcesses } from '../../src/provider/local/process-table.ts'
import { adminToken, nodesOf } from '../../src/state/cluster-nodes.ts'
import { clusterState } from '../../src/state/cluster-state.ts'
import { killLeftovers, processesWith } from './leftovers.ts'

/** How a command ended. */
export interface Ran {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

/** A command that may still run. */
export interface Running {
  child: ChildProcess
  pid: number
  ended: Promise<Ran>
}

/** A node or worker, as the process table shows it. */
export interface Process {
  pid: number
  kind: string
  id: string
}

type Start = (program: string[], env?: Record<string, string>, input?: string) => Running

export type Cluster = ReturnType<typeof clusterIn>
export type Box = ReturnType<typeof createBox>

export const tmFile = fileURLToPath(new URL('../../bin/run.js', import.meta.url))

/** A test with a data directory of its own. All that it started is taken down after it. */
export const it = test.extend<{ box: Box }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads the names of fixtures from it.
  box: async ({}, use) => {
    const box = createBox()
    try {
      await use(box)
    } finally {
      await box.close()
    }
  },
})

function createBox() {
  const dataDir = mkdtempSync(join(tmpdir(), 'tm-e2e-'))
  const clusters: Cluster[] = []
  const running = new Set<Running>()

  function start(program: string[], env: Record<string, string> = {}, input?: string): Running {
    const [command = '', ...args] = program
    const { PATH = '', HOME = '' } = process.env
    // Also a mark: whatever has this directory in its environment belongs to this test.
    const fixed = { PATH, HOME, TM_DATA_DIR: dataDir, TMPDIR: dataDir, LC_ALL: 'C' }
    const child = spawn(command, args, { env: { ...fixed, ...env } })
    child.stdin.on('error', () => {})
    child.stdin.end(input)
    const one = { child, pid: child.pid as number, ended: collect(child) }
    running.add(one)
    void one.ended.finally(() => running.delete(one))
    return one
  }

  return {
    dataDir,
    start,
    tm: (args: string[], env: Record<string, string> = {}): Running =>
      start([process.execPath, tmFile, ...args], env),

    /** Whatever runs and was started here, directly or not, tagged or not. */
    processes: async () => await processesWith(dataDir),

    cluster(name: string): Cluster {
      const cluster = clusterIn(dataDir, name, start)
      clusters.push(cluster)
      return cluster
    },

    /** A file of this test. */
    file(name: string, content: string | Uint8Array): string {
      const folder = join(dataDir, 'files')
      mkdirSync(folder, { recursive: true })
      writeFileSync(join(folder, name), content, { mode: 0o600 })
      return join(folder, name)
    },

    /** Takes down what there is. Throws when something is left all the same. */
    async close(): Promise<void> {
      for (const { child } of running) child.kill('SIGKILL')
      for (const cluster of clusters) {
        // How workers end well is what tests are about; here they only have to.
        for (const { pid } of await cluster.processes('worker')) send(pid, 'SIGKILL')
        // Where not even this works, what is left is found below.
        await cluster.tm(['down', '--yes']).catch(() => {})
      }
      const left = await killLeftovers(dataDir)
      rmSync(dataDir, { recursive: true, force: true })
      if (left.length > 0) throw new Error(`Left after the test, now killed: ${left.join('; ')}`)
    },
  }
}

function clusterIn(dataDir: string, name: string, start: Start) {
  const state = clusterState(dataDir, name)
  const tag = `tm:${createHash('sha256').update(state.folder).digest('hex').slice(0, 16)}:`
  const links = () => nodesOf(state)

  const cluster = {
    name,
    folder: state.folder,
    tag,

    spawn: (args: string[], input?: string): Running =>
      start([process.execPath, tmFile, ...args], { TM_CLUSTER: name }, input),

    tm: async (args: string[], input?: string): Promise<Ran> =>
      await cluster.spawn(args, input).ended,

    /** Its JSON; throws when it exits with another code than the expected one. */
    async json<T>(args: string[], { code = 0, input }: { code?: number; input?: string } = {}) {
      const ran = await cluster.tm([...args, '--json'], input)
      if (ran.code !== code) {
        throw new Error(`tm ${args.slice(0, 9).join(' ')} exited with ${describe(ran)}`)
      }
      return JSON.parse(ran.stdout) as T
    },

    up: async (...flags: string[]) => await cluster.json<UpResult>(['up', '--local', ...flags]),
    down: async (...flags: string[]) =>
      await cluster.json<RemovalResult>(['down', '--yes', ...flags]),
    health: async (code = 0) => await cluster.json<Health>(['health'], { code }),

    /** A node's client, with the admin token. */
    node(id: string) {
      const link = links().find((one) => one.id === id)
      if (!link) throw new Error(`No ${id} in cluster ${name}`)
      return link.client
    },

    /** A client that speaks for a worker, made by hand. */
    workerClient(node: string, worker: string) {
      const { url } = cluster.node(node)
      return connect({ url, token: cluster.workerToken(worker) })
    },
    adminToken: () => adminToken(state),
    workerToken: (worker: string) => signToken(state.secret(), { role: 'worker', subject: worker }),

    /** The nodes and workers of this cluster, whoever started them. */
    async processes(kind?: 'node' | 'worker'): Promise<Process[]> {
      const found = await findProcesses(tag)
      const all = found.map(({ pid, args }) => {
        const [, , shown = '', id = ''] = args.find((arg) => arg.startsWith(tag))?.split(':') ?? []
        return { pid, kind: shown, id }
      })
      return all.filter((one) => kind === undefined || one.kind === kind)
    },

    /** The lines of a node's log with this message. */
    log<T extends object>(node: string, msg: string): (T & { time: number })[] {
      const lines = readFileSync(join(state.nodeFolder(node), 'log'), 'utf8')
        .trim()
        .split('\n')
      const entries = lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line))
      return entries.filter((entry) => entry.msg === msg)
    },
  }
  return cluster
}

async function collect(child: ChildProcess): Promise<Ran> {
  let stdout = ''
  let stderr = ''
  child.stdout?.setEncoding('utf8').on('data', (text) => {
    stdout += text
  })
  child.stderr?.setEncoding('utf8').on('data', (text) => {
    stderr += text
  })
  return await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }))
  })
}

function describe({ code, signal, stdout, stderr }: Ran): string {
  return `${signal ?? code}\n${stdout}\n${stderr}`
}

/** A signal to one process; false when it does not exist any more. */
export function send(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, signal)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
    throw error
  }
}

/** What `look` gives once it gives anything but false or undefined. */
export async function until<T>(
  what: string,
  look: () => T | Promise<T>,
  { within = 60_000, every = 50 } = {},
): Promise<Exclude<T, undefined | false>> {
  const end = performance.now() + within
  let problem: unknown
  for (;;) {
    try {
      const seen = await look()
      problem = undefined
      if (seen !== undefined && seen !== false) return seen as Exclude<T, undefined | false>
    } catch (error) {
      problem = error
    }
    if (performance.now() > end) {
      throw new Error(`Not within ${within / 1000} s: ${what}`, { cause: problem })
    }
    await sleep(every)
  }
}
