/** Jobs over HTTP, from the definition to the outputs of a task. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readFrames } from '../../../../src/api/frames.ts'
import { unpackLeases } from '../../../../src/api/leases.ts'
import { packTasks } from '../../../../src/api/new-tasks.ts'
import { packResults, resultsType } from '../../../../src/api/reports.ts'
import type { NewTask } from '../../../../src/core/task.ts'
import { writeResult } from '../../../../src/kinds/command/result.ts'
import { createTestNode, type TestNode } from '../../harness.ts'
import { commandJob } from './command-job.ts'

const id = (n: number) => `01997a5e-4b7e-7cc2-8f6a-${String(n).padStart(12, '0')}`
const job = id(1)
const definition = commandJob

let node: TestNode
beforeEach(async () => {
  node = await createTestNode({ settings: { maxWorkers: 1 } })
})
afterEach(() => node.close())

const worker = { as: 'worker', subject: 'w1' } as const

// biome-ignore lint/suspicious/noExplicitAny: each test says what it expects of an answer.
async function json(response: Response | Promise<Response>): Promise<[number, any]> {
  const answer = await response
  return [answer.status, await answer.json()]
}

const taskOf = (n: number) => ({
  id: id(10 + n),
  job,
  kind: 'command',
  spec: JSON.stringify({ n, values: { stem: `f${n}` } }),
  body: new TextEncoder().encode(`body ${n}`),
})

const enqueue = (...numbers: number[]) => send(numbers.map(taskOf))
const enqueueKeyed = (n: number, key: string) => send([{ ...taskOf(n), key }])

async function send(tasks: NewTask[]): Promise<Response> {
  return await node.request('/v1/tasks', {
    method: 'POST',
    body: packTasks(tasks),
    headers: { 'content-type': 'application/vnd.tm.frames' },
  })
}

const put = (given: object = definition) => node.send('PUT', `/v1/jobs/${job}`, given)

describe('a job', () => {
  it('is stored, shown and listed, with the tasks of this node by state', async () => {
    expect(await json(put())).toEqual([200, { id: job }])
    expect(await json(put())).toEqual([200, { id: job }])
    expect((await enqueue(1, 2)).status).toBe(200)
    const [status, shown] = await json(node.request(`/v1/jobs/${job}`))
    expect([status, shown]).toMatchObject([200, { id: job, definition, counts: { queued: 2 } }])
    expect(await json(node.request('/v1/jobs'))).toEqual([200, { jobs: [shown] }])
    const [, page] = await json(node.request(`/v1/jobs/${job}/tasks?limit=1`))
    expect(page.tasks).toMatchObject([{ id: id(11), job, n: 1, values: { stem: 'f1' } }])
    const rest = await json(node.request(`/v1/jobs/${job}/tasks?cursor=${page.next}`))
    expect(rest[1].tasks).toMatchObject([{ id: id(12), n: 2 }])
  })

  it('is refused if it is another one with the same id, or makes no sense', async () => {
    await put()
    expect((await put({ ...definition, name: 'other' })).status).toBe(409)
    const wrong: object[] = [
      { run: {} },
      { run: { argv: [] } },
      { input: 'socket' },
      { env: { 'a b': 'x' } },
      { okExit: [256] },
      { timeout: 0 },
      { retries: 1000 },
    ]
    for (const change of wrong) {
      const given = { ...definition, job: { ...definition.job, ...change } }
      expect([change, (await put(given)).status]).toEqual([change, 400])
    }
  })

  it('has to be there before its tasks', async () => {
    const [status, answer] = await json(enqueue(1))
    expect([status, answer]).toMatchObject([404, { error: { code: 'not_found' } }])
    expect((await node.request(`/v1/jobs/${job}`)).status).toBe(404)
  })

  it('is cancelled and retried as a whole', async () => {
    await put()
    await enqueue(1, 2)
    const post = (what: string) => json(node.request(`/v1/jobs/${job}/${what}`, { method: 'POST' }))
    expect(await post('cancel')).toEqual([200, { tasks: 2 }])
    expect(await post('retry')).toEqual([200, { tasks: 0, resumed: false }])
    const [, shown] = await json(node.request(`/v1/jobs/${job}`))
    expect(shown.counts).toMatchObject({ queued: 0, cancelled: 2 })
  })
})

describe('a job that fails', () => {
  const post = (what: string, body?: object) => node.send('POST', `/v1/jobs/${job}/${what}`, body)
  const paused = async () => (await json(node.request(`/v1/jobs/${job}`)))[1].paused

  it('is paused after as many failures as it says, and goes on when it is retried', async () => {
    await put({ ...definition, failFast: 1 })
    await enqueue(1, 2)
    await node.send('PUT', '/v1/workers/w1', { slots: 1, running: 0, draining: false }, worker)
    const claimLeases = async () => {
      const wanted = { max: 1, maxWork: 1, wait: 0 }
      const answer = await node.send('POST', '/v1/leases/claim', wanted, worker)
      return unpackLeases(new Uint8Array(await answer.arrayBuffer()))
    }
    const [lease] = await claimLeases()
    const reports = [{ id: lease?.id, attempt: 1, error: 'exit 3: no', final: true }]
    await node.send('POST', '/v1/leases/fail', { reports }, worker)
    expect(await paused()).toBe('a task failed: exit 3: no')
    expect(await claimLeases()).toEqual([])
    expect(await json(post('retry'))).toEqual([200, { tasks: 1, resumed: true }])
    expect(await json(post('retry'))).toEqual([200, { tasks: 0, resumed: false }])
    expect([await paused(), (await claimLeases()).length]).toEqual([undefined, 1])
  })

  it('is paused by another node, with a reason', async () => {
    expect((await post('pause', { reason: 'x' })).status).toBe(404)
    await put()
    expect((await post('pause', {})).status).toBe(400)
    expect((await post('pause', { reason: 'others failed' })).status).toBe(200)
    expect(await paused()).toBe('others failed')
  })
})

describe('a key', () => {
  const key = 'ab'.repeat(32)
  const lookup = (keys: unknown) => json(node.send('POST', '/v1/tasks/lookup-by-key', { keys }))

  it('finds the task of a job that has it', async () => {
    await put()
    await enqueue(1)
    expect(await lookup([key])).toEqual([200, { tasks: [] }])
    const response = await enqueueKeyed(2, key)
    expect(response.status).toBe(200)
    const [status, answer] = await lookup([key, 'cd'.repeat(32)])
    expect([status, answer.tasks]).toMatchObject([200, [{ id: id(12), job, n: 2, key }]])
    expect(answer.tasks).toHaveLength(1)
  })

  it('is a SHA-256, in both places', async () => {
    await put()
    for (const wrong of ['', 'AB'.repeat(32), 'ab', 'zz'.repeat(32)]) {
      expect([wrong, (await enqueueKeyed(2, wrong)).status]).toEqual([wrong, 400])
      expect([wrong, (await lookup([wrong]))[0]]).toEqual([wrong, 400])
    }
    expect((await lookup([]))[0]).toBe(400)
    expect((await lookup(Array.from({ length: 1001 }, () => key)))[0]).toBe(400)
  })
})

describe('an attempt', () => {
  const writePart = (part: number, bytes: Uint8Array<ArrayBuffer>) =>
    node.request(`/v1/leases/${id(11)}/1/outputs/${part}`, {
      ...worker,
      method: 'PUT',
      body: bytes,
      headers: { 'content-type': 'application/octet-stream' },
    })

  async function claim() {
    await put()
    await enqueue(1)
    await node.send('PUT', '/v1/workers/w1', { slots: 1, running: 0, draining: false }, worker)
    const wanted = { max: 1, maxWork: 1, wait: 0 }
    const answer = await node.send('POST', '/v1/leases/claim', wanted, worker)
    return unpackLeases(new Uint8Array(await answer.arrayBuffer()))
  }

  it('leaves small outputs with its report, and many of them are read at once', async () => {
    await put()
    await enqueue(1, 2, 3)
    const outputs = [{ name: 'out', size: 3, sha256: 'ab', mode: 0o644 }]
    const result = writeResult({ exit: 0, took: 5, outputs })
    for (const n of [1, 2]) {
      await node.send('POST', '/v1/leases/claim', { max: 1, maxWork: 0, wait: 0 }, worker)
      const bytes = new TextEncoder().encode(`of${n}`)
      const packed = packResults([{ id: id(10 + n), attempt: 1, result, outputs: bytes }])
      const headers = { 'content-type': resultsType }
      const request = { ...worker, method: 'POST', body: packed, headers }
      expect((await node.request('/v1/leases/complete', request)).status).toBe(200)
    }
    const ids = [id(11), id(12), id(13), id(99)]
    const answer = await node.send('POST', '/v1/tasks/outputs', { ids })
    const frames = readFrames(new Uint8Array(await answer.arrayBuffer()))
    expect(frames.map(({ header, body }) => [header, Buffer.from(body).toString()])).toEqual([
      [{ id: id(11) }, 'of1'],
      [{ id: id(12) }, 'of2'],
    ])
    const alone = await node.request(`/v1/tasks/${id(12)}/outputs/0`)
    expect(await alone.text()).toBe('of2')
    expect((await node.send('POST', '/v1/tasks/outputs', { ids: [] })).status).toBe(400)
  })

  it('brings its job, and leaves outputs that show with its result', async () => {
    const [lease] = await claim()
    expect(lease).toMatchObject({ job, failures: 0, spec: { n: 1, values: { stem: 'f1' } } })
    expect((await node.request(`/v1/jobs/${job}`, worker)).status).toBe(200)
    expect(await json(writePart(0, new Uint8Array([1, 2, 3])))).toEqual([
      200,
      { verdicts: ['done'] },
    ])
    const read = () => node.request(`/v1/tasks/${id(11)}/outputs/0`)
    expect((await read()).status).toBe(404)

    const outputs = [{ name: 'f1.txt', size: 3, sha256: 'ab', mode: 0o644 }]
    const result = writeResult({ exit: 0, took: 5, outputs })
    await node.request('/v1/leases/complete', {
      ...worker,
      method: 'POST',
      body: packResults([{ id: id(11), attempt: 1, result }]),
      headers: { 'content-type': resultsType },
    })
    expect(new Uint8Array(await (await read()).arrayBuffer())).toEqual(new Uint8Array([1, 2, 3]))
    const shown = { exit: 0, outputs, result: 'exit 0: f1.txt (3 B)', job, n: 1 }
    expect(await json(node.request(`/v1/tasks/${id(11)}`))).toMatchObject([200, shown])
    expect(await json(node.request('/v1/results'))).toMatchObject([200, { results: [shown] }])
    expect((await writePart(1, new Uint8Array(1))).status).toBe(409)
  })

  it('may not write parts that are too large, or behind any file', async () => {
    await claim()
    expect((await writePart(0, new Uint8Array(1024 ** 2 + 1))).status).toBe(413)
    expect((await writePart(10_000_000, new Uint8Array(1))).status).toBe(400)
  })

  it('that fails for good ends its task, whatever attempts it has left', async () => {
    await claim()
    const reports = [{ id: id(11), attempt: 1, error: 'exit 3', final: true }]
    await node.send('POST', '/v1/leases/fail', { reports }, worker)
    const [, task] = await json(node.request(`/v1/tasks/${id(11)}`))
    expect(task).toMatchObject({ state: 'failed', error: 'exit 3', failures: 1 })
  })
})
