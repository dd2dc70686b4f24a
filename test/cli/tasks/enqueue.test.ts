/** Sending files: in order, in batches that keep memory small, and each task to one node only if it can be. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { readFrames } from '../../../src/api/frames.ts'
import { readTask } from '../../../src/api/new-tasks.ts'
import { type EnqueueOptions, enqueueFiles } from '../../../src/cli/tasks/enqueue.ts'
import { TmError } from '../../../src/core/errors.ts'
import type { NewTask } from '../../../src/core/task.ts'
import { kinds } from '../../../src/kinds/kinds.ts'
import { iterated } from '../../../src/kinds/sha512/sha512.ts'
import type { NodeLink } from '../../../src/state/cluster-nodes.ts'
import type { Sent } from '../../../src/state/file-names.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tm-enqueue-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

type Answer = 'ok' | 'lost' | 'refused' | 'full' | 'draining' | 'busy' | 'conflict' | 'forbidden'

interface FakeNode extends NodeLink {
  batches: NewTask[][]
  /** What it answers to the next batches; `ok` after that. */
  answers: Answer[]
  /** Why it takes tasks slowly. */
  slow?: string
  /** Holds every batch back until it resolves. */
  gate: Promise<void>
}

/** The order in which batches reached nodes. */
let arrivals: string[]
beforeEach(() => {
  arrivals = []
})

type Sending = Parameters<NodeLink['client']['enqueueTasks']>[0]

const tasksIn = (body: Sending['body']): NewTask[] =>
  readFrames(body).map((frame) => readTask(frame, kinds))

function fakeNode(id: string): FakeNode {
  const node = {
    id,
    url: id,
    batches: [],
    answers: [],
    gate: Promise.resolve(),
  } as unknown as FakeNode
  async function enqueueTasks({ body }: Sending) {
    const tasks = tasksIn(body)
    arrivals.push(id)
    node.batches.push(tasks)
    const answer = node.answers.shift() ?? 'ok'
    await node.gate
    if (answer !== 'ok' && answer !== 'conflict') throw errors[answer]
    const outcome = answer === 'ok' ? 'created' : 'conflict'
    const slow = node.slow === undefined ? {} : { slow: node.slow }
    return { tasks: tasks.map((task) => ({ id: task.id, outcome })), ...slow }
  }
  return Object.assign(node, { client: { enqueueTasks } as unknown as NodeLink['client'] })
}

const refused = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })
const errors = {
  lost: new TmError('unreachable', 'the connection broke', { cause: new Error('reset') }),
  refused: new TmError('unreachable', 'nothing listens there', { cause: refused }),
  full: new TmError('storage_full', 'the disk is full'),
  draining: new TmError('unavailable', 'it is draining'),
  busy: new TmError('busy', 'it is busy'),
  forbidden: new TmError('forbidden', 'not with this token'),
}

function files(count: number, size = 1): string[] {
  return Array.from({ length: count }, (_, n) => {
    const file = join(folder, `${size}-${n}`)
    writeFileSync(file, Buffer.alloc(size, n % 251))
    return file
  })
}

async function send(nodes: FakeNode[], given: string[], changes: Partial<EnqueueOptions> = {}) {
  const heard = {
    ids: [] as string[],
    sending: [] as Sent[],
    bad: [] as string[],
    warnings: [] as string[],
    done: [] as number[],
  }
  const outcome = enqueueFiles({
    sources: given.map((file) => ({ file, work: iterated(5) })),
    nodes,
    maxBody: 10 * 1024 ** 2,
    onSending: (tasks) => heard.sending.push(...tasks),
    onId: (id) => heard.ids.push(id),
    onBad: (file) => heard.bad.push(file),
    onDone: (count) => heard.done.push(count),
    onWarning: (text) => heard.warnings.push(text),
    ...changes,
  })
  const result = await outcome.catch((error: unknown) => error as TmError)
  return { heard, result }
}

function enqueued(result: unknown) {
  if (result instanceof Error) throw result
  return result as Awaited<ReturnType<typeof enqueueFiles>>
}

describe('order', () => {
  it('of ids is the order of the files, whichever node answers first', async () => {
    const [slow, fast] = [fakeNode('slow'), fakeNode('fast')]
    let open = () => {}
    slow.gate = new Promise((resolve) => {
      open = resolve
    })
    const given = files(1000)
    const shownEarly: string[] = []
    const sending = send([slow, fast], given, {
      onId: (id) => shownEarly.push(id),
      onDone: () => fast.batches.length >= 2 && open(),
    })
    const { result } = await sending
    const { tasks, errors: bad } = enqueued(result)
    expect(bad).toEqual([])
    expect(tasks.map(({ file }) => file)).toEqual(given)
    expect(shownEarly).toEqual(tasks.map(({ id }) => id))
  })

  it('puts what is wrong with a file where the file was', async () => {
    const given = files(5)
    given.splice(2, 0, join(folder, 'missing'))
    const order: string[] = []
    const { result } = await send([fakeNode('a')], given, {
      onId: () => order.push('id'),
      onBad: (file) => order.push(file),
    })
    expect(order).toEqual(['id', 'id', join(folder, 'missing'), 'id', 'id', 'id'])
    expect(enqueued(result).tasks).toHaveLength(5)
    expect(enqueued(result).errors).toEqual([
      { file: given[2], message: `${given[2]}: there is no such file` },
    ])
  })

  it('remembers a task before it is sent, and to whom', async () => {
    const [a, b] = [fakeNode('a'), fakeNode('b')]
    const remembered: string[] = []
    for (const node of [a, b]) {
      const { client } = node
      const enqueueTasks = async (sending: Sending) => {
        const ids = tasksIn(sending.body).map(({ id }) => node.id + id)
        expect(remembered).toEqual(expect.arrayContaining(ids))
        return await client.enqueueTasks(sending)
      }
      Object.assign(node, { client: { enqueueTasks } })
    }
    a.answers = ['refused', 'refused']
    const { result } = await send([a, b], files(10), {
      onSending: (tasks) => remembered.push(...tasks.map(({ id, node }) => node + id)),
    })
    expect(enqueued(result).tasks).toHaveLength(10)
    expect(remembered.filter((one) => one.startsWith('b'))).toHaveLength(10)
  })
})

describe('batches', () => {
  it('are spread over all nodes, few files too', async () => {
    const nodes = [fakeNode('a'), fakeNode('b')]
    await send(nodes, files(4))
    expect(nodes.map(({ batches }) => batches.flat().length)).toEqual([2, 2])
  })

  it('have at most 250 files', async () => {
    const node = fakeNode('a')
    await send([node], files(1200))
    expect(node.batches.flat()).toHaveLength(1200)
    expect(Math.max(...node.batches.map((batch) => batch.length))).toBeLessThanOrEqual(250)
  })

  it('have at most 4 MiB, unless one file alone is larger', async () => {
    const node = fakeNode('a')
    await send([node], [...files(8, 1024 ** 2), ...files(2, 5 * 1024 ** 2)])
    const sizes = node.batches.map((batch) => batch.reduce((sum, { body }) => sum + body.length, 0))
    expect(sizes.reduce((sum, size) => sum + size)).toBe(18 * 1024 ** 2)
    for (const [index, size] of sizes.entries()) {
      expect(size <= 4 * 1024 ** 2 || node.batches[index]?.length === 1).toBe(true)
    }
  })

  it('keep few bytes on their way to a node, however many files there are', async () => {
    const node = fakeNode('a')
    const { client } = node
    let held = 0
    let most = 0
    const enqueueTasks = async (sending: Sending) => {
      const bytes = tasksIn(sending.body).reduce((sum, { body }) => sum + body.length, 0)
      held += bytes
      most = Math.max(most, held)
      const answer = await client.enqueueTasks(sending)
      // The first one is held until there is another, then each for a while: time in which more
      // could be read and sent, if anything did.
      await vi.waitUntil(() => most > 4 * 1024 ** 2, { timeout: 20_000, interval: 1 })
      for (let turn = 0; turn < 20; turn += 1) await new Promise((next) => setImmediate(next))
      held -= bytes
      return answer
    }
    const slow = Object.assign(node, { client: { enqueueTasks } as unknown as typeof client })
    expect(enqueued((await send([slow], files(48, 1024 ** 2))).result).tasks).toHaveLength(48)
    expect(most).toBeGreaterThan(4 * 1024 ** 2)
    expect(most).toBeLessThanOrEqual(2 * 4 * 1024 ** 2)
  })
})

describe('a node without an answer', () => {
  it('is asked again with the same ids before another node is', async () => {
    const [a, b] = [fakeNode('a'), fakeNode('b')]
    a.answers = ['lost', 'lost', 'ok']
    const { heard, result } = await send([a, b], files(1))
    expect(arrivals).toEqual(['a', 'a', 'a'])
    expect(new Set(a.batches.flat().map(({ id }) => id)).size).toBe(1)
    expect(heard.warnings).toEqual([])
    expect(enqueued(result).tasks).toHaveLength(1)
  })

  it('is left for another one after four tries, with the same ids', async () => {
    const [a, b] = [fakeNode('a'), fakeNode('b')]
    a.answers = ['lost', 'lost', 'lost', 'lost']
    const { heard, result } = await send([a, b], files(1))
    expect(arrivals).toEqual(['a', 'a', 'a', 'a', 'b'])
    expect(b.batches.flat()[0]?.id).toBe(a.batches.flat()[0]?.id)
    expect(heard.warnings).toEqual(['Warning: a is left out: the connection broke'])
    expect(enqueued(result).tasks).toHaveLength(1)
  })

  it.each(['refused', 'full', 'draining'] as const)(
    'is left at once when it is %s',
    async (answer) => {
      const [a, b] = [fakeNode('a'), fakeNode('b')]
      a.answers = [answer]
      const { heard, result } = await send([a, b], files(1))
      expect(arrivals).toEqual(['a', 'b'])
      expect(heard.warnings).toEqual([`Warning: a is left out: ${errors[answer].message}`])
      expect(enqueued(result).tasks).toHaveLength(1)
    },
  )

  it('is asked again a second later when all are busy, without a warning', async () => {
    const [a, b] = [fakeNode('a'), fakeNode('b')]
    a.answers = ['busy', 'busy']
    b.answers = ['refused']
    const { heard, result } = await send([a, b], files(1))
    expect(arrivals).toEqual(['a', 'b', 'a', 'b'])
    expect(heard.warnings).toEqual(['Warning: b is left out: nothing listens there'])
    expect(enqueued(result).tasks).toHaveLength(1)
  })

  it('that stays busy is named, once', async () => {
    const node = fakeNode('a')
    node.answers = ['busy', 'busy', 'busy']
    const { heard, result } = await send([node], files(1))
    expect(heard.warnings).toEqual(['Warning: it is busy'])
    expect(enqueued(result).tasks).toHaveLength(1)
  }, 20_000)

  it('that takes tasks slowly is named, once', async () => {
    const node = fakeNode('a')
    node.slow = 'its disk is 90 % full'
    const { heard, result } = await send([node], files(2000))
    expect(heard.warnings).toEqual(['Warning: its disk is 90 % full'])
    expect(enqueued(result).tasks).toHaveLength(2000)
  })

  it('is warned of once, and asked last from then on', async () => {
    const [a, b] = [fakeNode('a'), fakeNode('b')]
    a.answers = Array.from({ length: 20 }, () => 'refused')
    const { heard, result } = await send([a, b], files(2000))
    expect(heard.warnings).toHaveLength(1)
    expect(a.batches.length).toBeLessThanOrEqual(2)
    expect(enqueued(result).tasks).toHaveLength(2000)
  })
})

describe('a failure', () => {
  it('of all nodes says how many files were enqueued', async () => {
    const nodes = [fakeNode('a'), fakeNode('b')]
    for (const node of nodes) node.answers = Array.from({ length: 9 }, () => 'full')
    const { heard, result } = await send(nodes, files(4))
    expect(result).toMatchObject({
      code: 'storage_full',
      message: 'the disk is full. 0 of 4 files were enqueued.',
    })
    expect(heard.ids).toEqual([])
  })

  it('in the middle still shows the id of everything that was accepted', async () => {
    const node = fakeNode('a')
    node.answers = ['forbidden']
    const given = files(1000)
    const { heard, result } = await send([node], given)
    expect(result).toMatchObject({ code: 'forbidden' })
    const count = heard.ids.length
    expect(count).toBeGreaterThan(0)
    expect(count).toBeLessThan(heard.sending.length)
    expect((result as TmError).message).toBe(
      `not with this token. ${count} of 1000 files were enqueued.`,
    )
    const [, ...taken] = node.batches
    expect([...heard.ids].sort()).toEqual(
      taken
        .flat()
        .map(({ id }) => id)
        .sort(),
    )
  })

  it.each(['forbidden', 'conflict'] as const)(
    'that is %s is not tried elsewhere',
    async (answer) => {
      const [a, b] = [fakeNode('a'), fakeNode('b')]
      a.answers = [answer]
      const { result } = await send([a, b], files(1))
      expect(result).toMatchObject({ code: answer })
      expect(arrivals).toEqual(['a'])
    },
  )
})
