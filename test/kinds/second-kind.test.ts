/**
 * A second kind of work, end to end: what a folder in `kinds/` and a runner in `worker/` hold, given
 * to a real node and a real worker. Nothing else knows of it.
 */
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Client } from '../../src/api/client.ts'
import { packTasks } from '../../src/api/new-tasks.ts'
import { TmError } from '../../src/core/errors.ts'
import type { Kind } from '../../src/kinds/kind.ts'
import { kinds } from '../../src/kinds/kinds.ts'
import { threadRunner } from '../../src/worker/runners/thread/slot.ts'
import type { Assignment, Runner } from '../../src/worker/slot/slot.ts'
import { type NodeAndWorker, startNodeAndWorker } from '../support/node-and-worker.ts'
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

let running: NodeAndWorker
let client: Client

beforeAll(async () => {
  running = await startNodeAndWorker({
    kinds: { ...kinds, shout },
    runners: { sha512: threadRunner('sha512'), shout: shouter },
  })
  client = running.client
})

afterAll(() => running.stop())

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
