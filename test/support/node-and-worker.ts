/** A real node and a real worker in this process, with the kinds of work and runners of a test. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Client, connect } from '../../src/api/client.ts'
import { signToken } from '../../src/core/tokens.ts'
import type { Kinds } from '../../src/kinds/kinds.ts'
import { startNode } from '../../src/node/serve.ts'
import type { PoolRunner, Runners } from '../../src/worker/slot/slot.ts'
import type { Stop } from '../../src/worker/stop.ts'
import { runWorker } from '../../src/worker/worker.ts'

export interface NodeAndWorkerOptions {
  kinds: Kinds
  runners: Runners
  /** Of a worker that takes tasks of jobs. */
  jobs?: PoolRunner
}

export interface NodeAndWorker {
  client: Client
  /** Without a reason, as a signal does. */
  stop(how?: Stop): Promise<void>
}

const secret = new Uint8Array(32).fill(3)
const log = { info() {}, warn() {}, error() {} }

export async function startNodeAndWorker(options: NodeAndWorkerOptions): Promise<NodeAndWorker> {
  const { kinds, runners, jobs } = options
  const stopping = new AbortController()
  const folder = mkdtempSync(join(tmpdir(), 'tm-worker-'))
  const node = await startNode({
    id: 'node-1',
    cluster: 'test',
    version: 'test',
    folder,
    host: '127.0.0.1',
    port: 0,
    keys: { current: Buffer.from(secret).toString('hex') },
    settings: { maxWorkers: 0 },
    provider: {
      list: async () => [],
      launch: () => Promise.reject(new Error('not here')),
      terminate: async () => {},
      whyEnded: async () => undefined,
    },
    kinds,
    log,
  })
  const token = (role: 'admin' | 'worker') => signToken(secret, { role, subject: 'w-1' })
  const worker = runWorker({
    id: 'w-1',
    url: node.url,
    token: token('worker'),
    onToken: async () => {},
    settings: {},
    machine: { read: () => ({ cpus: 2, memory: 0, disk: 0 }), isShared: true },
    runners,
    ...(jobs ? { jobs } : {}),
    signal: stopping.signal,
    log,
  })
  return {
    client: connect({ url: node.url, token: token('admin') }),
    async stop(how) {
      stopping.abort(how)
      await worker
      await node.stop()
      rmSync(folder, { recursive: true })
    },
  }
}
