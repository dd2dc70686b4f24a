/**
 * A second kind of work, end to end: what a folder in `kinds/` and a runner in `worker/` hold, given
 * to a real node and a real worker. Nothing else knows of it.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Client, connect } from '../../src/api/client.ts'
import { packTasks } from '../../src/api/new-tasks.ts'
import { TmError } from '../../src/core/errors.ts'
import { signToken } from '../../src/core/tokens.ts'
import type { Kind } from '../../src/kinds/kind.ts'
import { kinds } from '../../src/kinds/kinds.ts'
import { type RunningNode, startNode } from '../../src/node/serve.ts'
import { threadRunner } from '../../src/worker/runners/thread/slot.ts'
import type { Assignment, Runner } from '../../src/worker/slot/slot.ts'
import { runWorker } from '../../src/worker/worker.ts'
import { packSha512 } from '../support/sha512-task.ts'

interface ShoutSpec {
  mark: string
}

/** Gives the body in capital letters, with a mark at its end. */
const shout: Kind<ShoutSpec> = {
  parse(given) {
    const { mark } = (given ?? {}) as Partial<ShoutSpec>
    if (typeof mark !== 'string') throw new TmError('invalid', 'mark must be a text')
    return { mark }
  },
  cost: (_, size) => 1 + size,
  fields: ({ mark }) => ({ mark }),
  describe: ({ mark }) => `shouting with ${mark}`,
  key: ({ mark }) => mark,
  showResult: (result) => ({ result: new TextDecoder().decode(result) }),
}

const shouter: Runner = {
  createSlot: ({ onEnd }) => ({
    load: () => 0,
    rate: () => 1000,
    run(assignments: Assignment[]) {
      for (const { task, lease } of assignments) {
        const { mark } = lease.spec as ShoutSpec
        const text = new TextDecoder().decode(lease.body).toUpperCase() + mark
        onEnd(task, { kind: 'succeeded', result: new TextEncoder().encode(text) })
      }
    },
    cancel() {},
    drain() {},
    abort() {},
    async close() {},
  }),
}

const secret = new Uint8Array(32).fill(3)
const quiet = { info() {}, warn() {}, error() {} }
const stopping = new AbortController()
let folder: string
let node: RunningNode
let worker: Promise<unknown>
let client: Client

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tm-kinds-'))
  node = await startNode({
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
    kinds: { ...kinds, shout },
    log: quiet,
  })
  const { url } = node
  const token = (role: 'admin' | 'worker') => signToken(secret, { role, subject: 'w-1' })
  client = connect({ url, token: token('admin') })
  worker = runWorker({
    id: 'w-1',
    url,
    token: token('worker'),
    onToken: async () => {},
    settings: {},
    machine: { read: () => ({ cpus: 2, memory: 0, disk: 0 }), isShared: true },
    runners: { sha512: threadRunner('sha512'), shout: shouter },
    signal: stopping.signal,
    log: quiet,
  })
})

afterAll(async () => {
  stopping.abort()
  await worker
  await node.stop()
  rmSync(folder, { recursive: true })
})

const id = (n: number) => `01997a5e-4b7e-7cc2-8f6a-${String(n).padStart(12, '0')}`

function shoutTask(n: number, text: string, spec: unknown) {
  const body = new TextEncoder().encode(text)
  return { id: id(n), kind: 'shout', spec: JSON.stringify(spec), body }
}

it('is taken in, run and shown, beside the first', async () => {
  const body = packTasks([shoutTask(1, 'hello', { mark: '!' }), shoutTask(2, '', { mark: '?' })])
  await client.enqueueTasks({ body })
  await client.enqueueTasks({ body: packSha512([{ id: id(3), iterations: 2 }]) })
  const isDone = async () => (await client.getState()).queue.succeeded
  await expect.poll(isDone, { timeout: 20_000 }).toBe(3)

  const { results } = await client.listResults({ query: { limit: 10 } })
  const shown = new Map(results.map((one) => [one.id, one]))
  expect(shown.get(id(1))).toMatchObject({ kind: 'shout', mark: '!', result: 'HELLO!' })
  expect(shown.get(id(2))).toMatchObject({ kind: 'shout', mark: '?', result: '?' })
  expect(shown.get(id(3))).toMatchObject({ kind: 'sha512', iterations: 2 })
  expect(shown.get(id(3))?.result).toMatch(/^[0-9a-f]{128}$/)
  const task = await client.getTask({ params: { id: id(1) } })
  expect(task).toMatchObject({ kind: 'shout', mark: '!', state: 'succeeded', result: 'HELLO!' })
})

it('checks its own parameters, and a kind that nobody has is refused by name', async () => {
  const wrong = client.enqueueTasks({ body: packTasks([shoutTask(4, 'x', { mark: 1 })]) })
  await expect(wrong).rejects.toMatchObject({ code: 'invalid', message: 'mark must be a text' })
  const unknown = { ...shoutTask(5, 'x', {}), kind: 'sing' }
  await expect(client.enqueueTasks({ body: packTasks([unknown]) })).rejects.toMatchObject({
    code: 'invalid',
    message: 'Unknown kind of work "sing"',
    suggestions: ['Kinds of work: sha512, command, shout'],
  })
})
