/** The cluster of a soak: `tm` as a user starts it, and its processes as the process table shows them. */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { killLeftovers, processesWith } from '../e2e/leftovers.ts'

const tm = fileURLToPath(new URL('../../bin/run.js', import.meta.url))
const cluster = 'soak'

export interface Machine {
  pid: number
  kind: 'node' | 'worker'
  id: string
}

export interface WorldOptions {
  nodes: number
  maxWorkers: number
  idleTimeout: string
}

export type World = ReturnType<typeof createWorld>

export function createWorld({ nodes, maxWorkers, idleTimeout }: WorldOptions) {
  const dataDir = mkdtempSync(join(tmpdir(), 'tm-soak-'))
  const urls = new Map<string, string>()
  let token = ''
  const settings = {
    nodes,
    'max-workers': maxWorkers,
    'idle-timeout': idleTimeout,
    lease: '2s',
    tick: '100ms',
    'scale-after': '300ms',
    'max-attempts': 100,
    loan: '3s',
    'lost-after': '20s',
  }
  const upArgs = ['up', '--local', '--json']
  for (const [flag, value] of Object.entries(settings)) upArgs.push(`--${flag}`, String(value))

  /** With the data directory in its environment: a mark, by which whatever is left is found. */
  function start(args: string[]) {
    const { PATH = '', HOME = '' } = process.env
    const env = { PATH, HOME, TM_DATA_DIR: dataDir, TMPDIR: dataDir, TM_CLUSTER: cluster }
    const child = spawn(process.execPath, [tm, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] })
    let out = ''
    let problem = ''
    child.stdout.setEncoding('utf8').on('data', (text) => {
      out += text
    })
    child.stderr.setEncoding('utf8').on('data', (text) => {
      problem += text
    })
    const ended = new Promise<string>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code, signal) => {
        if (code === 0) resolve(out)
        else reject(new Error(`tm ${args[0]} ended with ${signal ?? code}: ${out}${problem}`))
      })
    })
    return { child, ended }
  }

  return {
    dataDir,
    /** Workers of all nodes together; never more, whatever is lent. */
    total: nodes * maxWorkers,
    ids: () => [...urls.keys()],
    url: (node: string) => urls.get(node) as string,
    token: () => token,

    /** As a user would, also after a node was killed: it may have another address then. */
    async up(): Promise<void> {
      const shown = JSON.parse(await start(upArgs).ended) as {
        nodes: { id: string; url: string }[]
      }
      for (const { id, url } of shown.nodes) urls.set(id, url)
      token ||= (await start(['token']).ended).trim()
    },

    /** A `tm up` that may be killed at any moment. */
    startUp: () => start(upArgs),

    async down(): Promise<void> {
      await start(['down', '--yes']).ended
    },

    async machines(): Promise<Machine[]> {
      const found = await processesWith(dataDir)
      return found.flatMap(({ pid, command }) => {
        const [, kind, id] = /\btm:[0-9a-f]{16}:(node|worker):([^: ]+)/.exec(command) ?? []
        return kind && id ? [{ pid, kind: kind as Machine['kind'], id }] : []
      })
    },

    /** What was written to the log of a node. */
    log: (node: string) =>
      readFileSync(join(dataDir, 'clusters', cluster, 'nodes', node, 'log'), 'utf8'),

    /** Gives what had to be killed. */
    async close(): Promise<string[]> {
      const left = await killLeftovers(dataDir)
      rmSync(dataDir, { recursive: true, force: true })
      return left
    },
  }
}
