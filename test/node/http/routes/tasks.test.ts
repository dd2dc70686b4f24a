/** Looking at tasks and results, changing settings, workers that come and go, errors nobody foresaw. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Result, Task } from '../../../../src/api/client.ts'
import { unpackLeases } from '../../../../src/api/leases.ts'
import { packResults } from '../../../../src/api/reports.ts'
import type { SiblingClient } from '../../../../src/node/siblings.ts'
import { sha512Task } from '../../../support/sha512-task.ts'
import { createTestNode, noSibling, type TestNode } from '../../harness.ts'

let node: TestNode

beforeEach(async () => {
  node = await createTestNode()
})
afterEach(() => node.close())

const id = (n: number) => `01997a5e-4b7e-7cc2-8f6a-${String(n).padStart(12, '0')}`

async function enqueue(count: number): Promise<void> {
  await node.queue.enqueue(
    Array.from({ length: count }, (_, n) => sha512Task({ id: id(n), body: new Uint8Array([n]) })),
  )
}

/** Runs everything there is; the n-th result is n in every byte. */
async function work(subject: TestNode = node): Promise<void> {
  const wish = { worker: 'w', max: 1000, maxWork: 1e9, maxBytes: 1e9, wait: 0 }
  for (const { id: task, attempt, body } of unpackLeases(
    (await subject.queue.claim(wish)).frames,
  )) {
    subject.bench.time.wall += 10
    const result = new Uint8Array(64).fill(body[0] ?? 0)
    await subject.queue.complete('w', packResults([{ id: task, attempt, result }]))
  }
}

async function get<T>(path: string, method = 'GET'): Promise<{ status: number; body: T }> {
  const response = await node.request(path, { method })
  return { status: response.status, body: (await response.json()) as T }
}

describe('tasks', () => {
  it('are shown one by one, and 404 with a next step when unknown', async () => {
    await enqueue(1)
    expect((await get<Task>(`/v1/tasks/${id(0)}`)).body).toEqual({
      id: id(0),
      state: 'queued',
      kind: 'sha512',
      iterations: 1,
      size: 1,
      attempts: 0,
      failures: 0,
      enqueuedAt: 1_000_000,
    })
    expect(await get(`/v1/tasks/${id(9)}`)).toEqual({
      status: 404,
      body: {
        error: {
          code: 'not_found',
          message: `No task ${id(9)} on this node`,
          suggestions: ['See results and nodes: tm pull --cluster test, tm health --cluster test'],
        },
      },
    })
    expect((await get('/v1/tasks/..%2f..%2fetc%2fpasswd')).status).toBe(400)
    expect((await get(`/v1/tasks/${id(0)}%00`)).status).toBe(400)
  })

  it('are looked up by the thousand; unknown ones are left out', async () => {
    await enqueue(3)
    const ids = [id(2), id(77), id(0)]
    const response = await node.send('POST', '/v1/tasks/lookup', { ids })
    const { tasks } = (await response.json()) as { tasks: Task[] }
    expect(tasks.map((task) => task.id)).toEqual([id(2), id(0)])
    const many = Array.from({ length: 1001 }, (_, n) => id(n))
    expect((await node.send('POST', '/v1/tasks/lookup', { ids: many })).status).toBe(400)
  })

  it('are listed page by page, and by state', async () => {
    await enqueue(5)
    const first = (await get<{ tasks: Task[]; next: number }>('/v1/tasks?limit=3')).body
    const rest = (
      await get<{ tasks: Task[]; next?: number }>(`/v1/tasks?limit=3&cursor=${first.next}`)
    ).body
    expect([...first.tasks, ...rest.tasks].map((task) => task.id)).toEqual([0, 1, 2, 3, 4].map(id))
    expect(rest.next).toBeUndefined()
    expect((await get<{ tasks: Task[] }>('/v1/tasks?state=failed')).body.tasks).toEqual([])
    expect((await get('/v1/tasks?state=odd')).status).toBe(400)
    expect((await get('/v1/tasks?limit=0')).body).toMatchObject({
      error: { message: 'limit must be a whole number from 1 to 1000, not "0"' },
    })
  })

  it('can be cancelled while they are not done, and retried when they failed', async () => {
    await enqueue(2)
    expect((await get<Task>(`/v1/tasks/${id(0)}/cancel`, 'POST')).body.state).toBe('cancelled')
    expect((await get<Task>(`/v1/tasks/${id(0)}/cancel`, 'POST')).body.state).toBe('cancelled')
    await work()
    expect(await get(`/v1/tasks/${id(1)}/cancel`, 'POST')).toMatchObject({
      status: 409,
      body: { error: { message: `Task ${id(1)} is succeeded and can't be cancelled` } },
    })
    expect((await get(`/v1/tasks/${id(1)}/retry`, 'POST')).status).toBe(409)
    expect((await get(`/v1/tasks/${id(9)}/retry`, 'POST')).status).toBe(404)
  })
})

describe('results', () => {
  it('are pulled newest first, and reading does not remove them', async () => {
    await enqueue(3)
    await work()
    expect((await node.queue.stats()).unpulled).toBe(3)
    const pull = await get<Result[]>('/pullCompleted?top=2', 'POST')
    expect(pull.body.map((one) => one.id)).toEqual([id(2), id(1)])
    expect(pull.body[0]).toEqual({
      id: id(2),
      result: '02'.repeat(64),
      kind: 'sha512',
      iterations: 1,
      completedAt: 1_000_030,
      attempts: 1,
      took: 30,
    })
    expect((await node.queue.stats()).unpulled).toBe(1)
    expect(await get('/pullCompleted?top=2', 'POST')).toEqual(pull)
  })

  it.each(['', '?top=0', '?top=-5', '?top=1.5', '?top=x', '?top=10001'])(
    'refuse %j',
    async (query) => {
      const { status, body } = await get<{ error: { message: string } }>(
        `/pullCompleted${query}`,
        'POST',
      )
      expect(status).toBe(400)
      expect(body.error.message).toMatch(/^top must be a whole number from 1 to 10000, /)
    },
  )

  it('come page by page', async () => {
    await enqueue(5)
    await work()
    interface Page {
      results: Result[]
      next?: number
    }
    const first = (await get<Page>('/v1/results?limit=3')).body
    const rest = (await get<Page>(`/v1/results?limit=3&cursor=${first.next}`)).body
    const shown = [...first.results, ...rest.results].map((one) => one.id)
    expect(shown).toEqual([4, 3, 2, 1, 0].map(id))
    expect(rest.next).toBeUndefined()
  })

  it('come from the siblings too; one that is away is named', async () => {
    const told: string[] = []
    const theirs: Result = {
      id: id(50),
      result: 'ff'.repeat(64),
      kind: 'sha512',
      iterations: 1,
      completedAt: 1_000_015,
      attempts: 1,
      took: 1,
    }
    const sibling: SiblingClient = {
      ...noSibling({ id: 'node-2', url: 'http://two' }),
      listResults: async () => ({ results: [theirs] }),
      markPulled: async ({ json }) => {
        told.push(...json.ids)
        return {}
      },
    }
    const away = async () => {
      throw new Error('away')
    }
    const asker = await createTestNode({
      siblings: [
        { id: 'node-2', url: 'http://two' },
        { id: 'node-3', url: 'http://three' },
      ],
      dial: ({ url }) => (url === 'http://two' ? sibling : { ...sibling, listResults: away }),
    })
    await asker.queue.enqueue([sha512Task({ id: id(1), iterations: 1, body: new Uint8Array([1]) })])
    await work(asker)
    const response = await asker.request('/pullCompleted?top=5', { method: 'POST' })
    const results = (await response.json()) as Result[]
    expect(results.map((one) => one.id)).toEqual([id(50), id(1)])
    expect(response.headers.get('tm-unreachable')).toBe('node-3')
    expect(told).toContain(id(50))
    await asker.close()
  })
})

describe('settings', () => {
  it('change at once, only what was named, and within their ranges', async () => {
    const response = await node.send('PATCH', '/v1/settings', { maxWorkers: 2, scaleAfter: 0 })
    expect(await response.json()).toMatchObject({ maxWorkers: 2, scaleAfter: 0, lease: 30_000 })
    expect((await get<{ limit: object }>('/v1/state')).body.limit).toMatchObject({ own: 2 })
    for (const wrong of [{ maxWorkers: -1 }, { maxWorkers: 1.5 }, { lease: '30s' }, { tick: 0 }]) {
      expect((await node.send('PATCH', '/v1/settings', wrong)).status).toBe(400)
    }
    for (const headers of [{}, { 'content-type': 'application/json' }]) {
      const without = await node.request('/v1/settings', { method: 'PATCH', headers })
      expect(await without.json()).toMatchObject({ error: { message: /JSON/ } })
      expect(without.status).toBe(400)
    }
    expect((await node.send('PATCH', '/v1/settings', { maxWorkers: 5000 })).status).toBe(400)
  })

  it('can not bring down the computer that a node shares with its workers', async () => {
    const local = await createTestNode({ computer: { cores: 2, nodes: 2 } })
    const change = (json: object) => local.send('PATCH', '/v1/settings', json)
    expect(local.settings.get()).toMatchObject({ maxWorkers: 1, scaleAfter: 1000, slots: 1 })
    expect((await change({ maxWorkers: 8 })).status).toBe(200)
    for (const absurd of [{ maxWorkers: 900 }, { slots: 3 }, { slots: 256 }]) {
      const response = await change(absurd)
      expect(response.status).toBe(400)
      expect(await response.json()).toMatchObject({
        error: { code: 'invalid', message: expect.stringContaining('this computer has 2 cores') },
      })
    }
    expect(local.settings.get()).toMatchObject({ maxWorkers: 8, slots: 1 })
    await local.close()
  })
})

describe('workers', () => {
  const said = { slots: 2, running: 1, draining: false }
  const beat = (name: string, subject = name) =>
    node.send('PUT', `/v1/workers/${name}`, said, { as: 'worker', subject })

  it('join with their own token, learn the settings, and are seen', async () => {
    const response = await beat('w1')
    expect(await response.json()).toMatchObject({ settings: { lease: 30_000 }, siblings: [] })
    expect((await beat('w1', 'w2')).status).toBe(403)
    expect(node.workers.list()).toMatchObject([{ id: 'w1', state: 'busy', slots: 2, running: 1 }])
  })

  it('go with their own token or an admin’s, once', async () => {
    const down = (name: string, who: object, body: object = { id: name }) =>
      node.send('POST', `/worker_down/${name}`, body, who)
    expect((await down('w1', {})).status).toBe(404)
    await beat('w1')
    await beat('w2')
    expect((await down('w1', { as: 'worker', subject: 'w2' })).status).toBe(403)
    expect((await down('w1', {}, { id: 'w2' })).status).toBe(400)
    const gone = await down('w1', { as: 'worker', subject: 'w1' })
    expect([gone.status, await gone.json()]).toEqual([200, {}])
    expect((await down('w2', {})).status).toBe(200)
    expect((await down('w2', {})).status).toBe(404)
    expect(node.workers.active()).toBe(0)
  })

  it('go without a body too, as the original had it', async () => {
    await beat('w1')
    const response = await node.request('/worker_down/w1', { method: 'POST' })
    expect(response.status).toBe(200)
  })
})

describe('errors that nobody foresaw', () => {
  it('are logged whole and answered with nothing of it', async () => {
    await node.store.close()
    const { status, body } = await get('/v1/state')
    expect([status, body]).toEqual([
      500,
      {
        error: {
          code: 'internal',
          message: 'Internal error; see the log of this node',
        },
      },
    ])
    expect(node.bench.errors.join()).toContain('GET /v1/state')
  })
})

describe('/metrics', () => {
  it('has the figures of queue, workers and limit', async () => {
    await enqueue(2)
    const text = await (await node.request('/metrics')).text()
    expect(text).toMatch(/^tm_tasks\{state="queued",cluster="test",node="node-1"\} 2$/m)
    expect(text).toMatch(/^tm_backlog\{.*\} 2$/m)
    expect(text).toMatch(/^tm_worker_limit\{part="own",.*\} 5$/m)
  })
})
