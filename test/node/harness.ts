/** A node without a socket and without machines: the real queue on a real store, driven by requests. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '../../src/core/clock.ts'
import type { Computer } from '../../src/core/one-computer.ts'
import type { Settings } from '../../src/core/settings.ts'
import type { Setup } from '../../src/core/setup.ts'
import { type Role, signToken } from '../../src/core/tokens.ts'
import { createApp } from '../../src/node/http/app.ts'
import type { AuditLine, NodeContext } from '../../src/node/http/node-context.ts'
import { createNode } from '../../src/node/node.ts'
import type { Sibling, SiblingClient } from '../../src/node/siblings.ts'
import { openStore } from '../../src/node/store/open.ts'
import type { Machine } from '../../src/provider/provider.ts'
import type { Tail } from '../../src/runtime/tail.ts'

export const secret = new Uint8Array(32).fill(7)

export interface Bench {
  time: { wall: number; steady: number }
  machines: Map<string, Machine>
  /** Set to make every launch fail with this. */
  launchError: string | undefined
  /** What a machine that has ended said last. */
  lastWords?: string
  terminated: string[]
  /** What the provider lists, in place of `machines`. */
  list?: (() => Promise<Machine[]>) | undefined
  errors: string[]
}

export type TestNode = Awaited<ReturnType<typeof createTestNode>>

export async function createTestNode(
  options: {
    id?: string
    settings?: Partial<Settings>
    computer?: Computer
    program?: string
    configure?: NodeContext['configure']
    setup?: () => Setup | undefined
    siblings?: Sibling[]
    tail?: Tail
    dial?: (sibling: Sibling) => SiblingClient
    bench?: Bench
  } = {},
) {
  const { id = 'node-1', dial = noSibling } = options
  const folder = mkdtempSync(join(tmpdir(), 'tm-node-'))
  const bench: Bench = options.bench ?? {
    time: { wall: 1_000_000, steady: 1_000_000 },
    machines: new Map(),
    launchError: undefined,
    terminated: [],
    errors: [],
  }
  const clock: Clock = () => ({ ...bench.time })
  const audited: AuditLine[] = []
  const store = await openStore(`sqlite:${folder}`)
  if (options.siblings) await store.documents.save('siblings', options.siblings)
  let launched = 0
  const node = await createNode({
    id,
    cluster: 'test',
    version: '0.0.0',
    folder,
    keys: { current: Buffer.from(secret).toString('hex') },
    settings: options.settings ?? {},
    ...(options.computer ? { computer: options.computer } : {}),
    store,
    clock,
    url: '',
    dial,
    random: () => 0.5,
    program: options.program,
    configure: options.configure,
    ...(options.setup ? { setup: options.setup } : {}),
    ...(options.tail ? { tail: options.tail } : {}),
    provider: {
      list: async () => (bench.list ? await bench.list() : [...bench.machines.values()]),
      whyEnded: async () => bench.lastWords,
      terminate: async (machine) => {
        bench.terminated.push(machine)
        bench.machines.delete(machine)
      },
      launch: async ({ kind, id: worker }) => {
        if (bench.launchError) throw new Error(bench.launchError)
        const launchedAt = bench.time.wall
        const machine: Machine = { id: worker, kind, cluster: 'test', node: id, launchedAt }
        bench.machines.set(worker, machine)
        return machine
      },
    },
    newWorkerId: () => {
      launched += 1
      return `${id}-w-${launched}`
    },
    log: {
      info(fields, what) {
        if (what === 'audit') audited.push(fields as AuditLine)
      },
      error: ({ err }, what) => bench.errors.push(`${what}: ${err}`),
    },
  })
  const app = createApp(node)

  return {
    ...node,
    app,
    bench,
    store,
    /** What administrators have done. */
    audited,
    /** A request with the token of a role; a worker's subject is `w1` unless said. */
    async request(path: string, init: RequestInit & { as?: Role; subject?: string } = {}) {
      const { as = 'admin', subject = as === 'worker' ? 'w1' : as, ...rest } = init
      const headers = new Headers(rest.headers)
      headers.set('authorization', `Bearer ${signToken(secret, { role: as, subject })}`)
      return await app.request(path, { ...rest, headers })
    },
    /** The same with a JSON body. */
    async send(
      method: string,
      path: string,
      body: unknown,
      who: { as?: Role; subject?: string } = {},
    ) {
      return await this.request(path, {
        ...who,
        method,
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
      })
    },
    async close() {
      await node.stop()
      await store.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** One that is away. */
export function noSibling({ url }: Sibling): SiblingClient {
  const away = async () => {
    throw new Error(`${url} is away`)
  }
  return {
    getState: away,
    listResults: away,
    lookupTasks: away,
    markPulled: away,
    requestLoan: away,
    renewLoan: away,
    pauseJob: away,
    returnLoan: away,
  }
}
