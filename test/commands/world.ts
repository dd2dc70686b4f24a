/**
 * A cluster as the commands see it: real nodes in this process, saved in a data directory of its own.
 * Nothing works on its tasks unless a test says so.
 */

import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { v7 } from 'uuid'
import { connect } from '../../src/api/client.ts'
import { unpackLeases } from '../../src/api/leases.ts'
import { packResults } from '../../src/api/reports.ts'
import type { Settings } from '../../src/core/settings.ts'
import { signToken } from '../../src/core/tokens.ts'
import { type RunningNode, startNode } from '../../src/node/serve.ts'
import type { Machine, Provider } from '../../src/provider/provider.ts'
import { type NodeLink, nodesOf } from '../../src/state/cluster-nodes.ts'
import { clusterState } from '../../src/state/cluster-state.ts'
import { threadRunner } from '../../src/worker/runners/thread/slot.ts'
import { runWorker } from '../../src/worker/worker.ts'
import { iterationsOf, packSha512 } from '../support/sha512-task.ts'

export interface WorldOptions {
  cluster?: string
  nodes?: number
  settings?: Partial<Settings>
  /** What becomes of a launched worker: it works, it never joins, or there are none. */
  workers?: 'none' | 'real' | 'silent'
}

export type World = Awaited<ReturnType<typeof makeWorld>>

export const quiet = { info() {}, warn() {} }
const silentLog = { ...quiet, error() {} }

export async function makeWorld(options: WorldOptions = {}) {
  const { cluster = 'default', nodes: count = 1, workers = 'none' } = options
  const dataDir = mkdtempSync(join(tmpdir(), 'tm-commands-'))
  const state = clusterState(dataDir, cluster)
  state.create()
  const secret = state.secret()
  const machines = machinesThat(workers)
  const settings = { maxWorkers: workers === 'none' ? 0 : 1, tick: 100, ...options.settings }
  const running = new Map<string, RunningNode>()
  let launched = 0
  for (let n = 1; n <= count; n += 1) {
    const id = `node-${n}`
    const node = await startNode({
      id,
      cluster,
      version: 'test',
      folder: state.nodeFolder(id),
      host: '127.0.0.1',
      port: 0,
      keys: state.keys(),
      settings,
      provider: machines,
      newWorkerId: () => `${id}-w-${++launched}`,
      log: silentLog,
    })
    running.set(id, node)
  }
  const record = [...running].map(([id, { url }]) => ({ id, url }))
  state.write({ cluster, provider: 'local', nodes: record, createdAt: 0 })
  const links = nodesOf(state)
  for (const { id, client } of links) {
    await client.setSiblings({ json: { siblings: record.filter((other) => other.id !== id) } })
  }

  return {
    dataDir,
    state,
    links,
    link: (n = 1) => links[n - 1] as NodeLink,
    /** A file with this content; gives its path. */
    file: (name: string, content: string | Uint8Array) => write(join(dataDir, name), content),
    enqueue: (tasks: { iterations?: number; body?: string }[], n = 1) =>
      enqueue(links[n - 1] as NodeLink, tasks),
    worker: (n = 1) => workerOf(links[n - 1] as NodeLink, secret),
    async stopNode(n: number) {
      await running.get(`node-${n}`)?.stop()
      running.delete(`node-${n}`)
    },
    async close() {
      await machines.stopAll()
      if (workers === 'real') await hangUp()
      for (const node of running.values()) await node.stop()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

/** Ends the connections of this process, as the end of a worker's own process would. */
async function hangUp(): Promise<void> {
  const key = Symbol.for('undici.globalDispatcher.1')
  const shared = globalThis as unknown as Record<symbol, { destroy(): Promise<void> } | undefined>
  const pool = shared[key]
  if (!pool) throw new Error('fetch keeps its connections elsewhere now')
  shared[key] = new (pool.constructor as new () => NonNullable<typeof pool>)()
  await pool.destroy()
}

function write(path: string, content: string | Uint8Array): string {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
  return path
}

async function enqueue({ client }: NodeLink, tasks: { iterations?: number; body?: string }[]) {
  const made = tasks.map(({ iterations = 1, body = 'body' }) => ({
    id: v7(),
    iterations,
    body: new TextEncoder().encode(body),
  }))
  await client.enqueueTasks({ body: packSha512(made) })
  return made.map(({ id }) => id)
}

/** Does by hand what a worker does, when the test says so. */
function workerOf({ url }: NodeLink, secret: Uint8Array) {
  const client = connect({ url, token: signToken(secret, { role: 'worker', subject: 'w-1' }) })
  const claim = async () =>
    unpackLeases(await client.claimLeases({ json: { max: 1000, maxWork: 2 ** 40, wait: 0 } }))
  return {
    client,
    claim,
    /** Takes all there is and reports it as succeeded. */
    async work() {
      const leases = await claim()
      const reports = leases.map(({ id, attempt, spec, body }) => ({
        id,
        attempt,
        result: Buffer.from(resultOf(body, iterationsOf({ spec })), 'hex'),
      }))
      if (reports.length > 0) await client.completeLeases({ body: packResults(reports) })
    },
    /** Takes all there is and reports it as failed. */
    async fail(error: string) {
      const leases = await claim()
      const reports = leases.map(({ id, attempt }) => ({ id, attempt, error }))
      await client.failLeases({ json: { reports } })
    },
  }
}

/** What the contract says, without any code of ours. */
export function resultOf(body: string | Uint8Array, iterations = 1): string {
  let digest = createHash('sha512').update(body).digest()
  for (let i = 1; i < iterations; i += 1) digest = createHash('sha512').update(digest).digest()
  return digest.toString('hex')
}

/** Machines of this process: real workers without a process of their own, or ones that never join. */
function machinesThat(work: 'none' | 'real' | 'silent') {
  const running = new Map<string, { machine: Machine; end: () => Promise<unknown> }>()
  const terminate = async (id: string) => {
    await running.get(id)?.end()
    running.delete(id)
  }
  const start: Provider['launch'] = async (spec) => {
    if (work === 'none' || spec.kind === 'node') throw new Error('this cluster has no workers')
    const { id, node, token, url } = spec
    const machine: Machine = { id, node, kind: 'worker', cluster: 'x', launchedAt: Date.now() }
    const stop = new AbortController()
    const onToken = async () => {}
    const runners = { sha512: threadRunner('sha512') }
    const read = () => ({ cpus: 2, memory: 0, disk: 0 })
    const machineOfWorker = { read, isShared: true }
    const common = { settings: {}, machine: machineOfWorker, signal: stop.signal, log: quiet }
    const options = { id, url, token, onToken, runners, ...common }
    const ended = work === 'real' ? runWorker(options) : Promise.resolve()
    const end = async () => {
      stop.abort()
      await ended
    }
    running.set(id, { machine, end })
    return machine
  }
  const provider: Provider = {
    list: async () => [...running.values()].map(({ machine }) => machine),
    launch: start,
    terminate,
    whyEnded: async () => undefined,
  }
  return {
    ...provider,
    stopAll: () => Promise.all([...running.keys()].map(terminate)),
  }
}
