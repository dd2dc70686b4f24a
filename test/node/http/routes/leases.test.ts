/** What a worker may do, and what it is told when it comes too late or is not meant. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { decodeFrames } from '../../../../src/api/frames.ts'
import { packResults, resultsType } from '../../../../src/api/reports.ts'
import { sha512Task } from '../../../support/sha512-task.ts'
import { createTestNode, type TestNode } from '../../harness.ts'

let node: TestNode

beforeEach(async () => {
  node = await createTestNode({ settings: { lease: 30_000, maxAttempts: 2 } })
})
afterEach(() => node.close())

const id = (n: number) => `01997a5e-4b7e-7cc2-8f6a-${String(n).padStart(12, '0')}`
const result = Buffer.alloc(64, 0xab)

async function enqueue(...numbers: number[]): Promise<void> {
  await node.queue.enqueue(
    numbers.map((n) => sha512Task({ id: id(n), iterations: 5, body: new Uint8Array([n]) })),
  )
}

async function claim(subject = 'w1', wish: object = {}) {
  const body = { max: 10, maxWork: 1000, wait: 0, ...wish }
  const response = await node.send('POST', '/v1/leases/claim', body, { as: 'worker', subject })
  expect(response.status).toBe(200)
  const frames = []
  for await (const some of decodeFrames(response.body, 2 ** 30)) frames.push(...some)
  return frames
}

async function post(kind: string, body: object, subject = 'w1') {
  const as = 'worker'
  if (!(body instanceof Uint8Array)) {
    return await node.send('POST', `/v1/leases/${kind}`, body, { as, subject })
  }
  const headers = { 'content-type': resultsType }
  return await node.request(`/v1/leases/${kind}`, { as, subject, method: 'POST', body, headers })
}

async function report(kind: string, body: object, subject = 'w1') {
  const response = await post(kind, body, subject)
  return [response.status, ((await response.json()) as { verdicts: string[] }).verdicts]
}

describe('leases', () => {
  it('come with the body, what to do with it, and the number of the attempt', async () => {
    await enqueue(1)
    const [frame] = await claim()
    expect(frame).toEqual({
      header: { id: id(1), attempt: 1, kind: 'sha512', cost: 5, spec: { iterations: 5 } },
      body: new Uint8Array([1]),
    })
    expect(await claim()).toEqual([])
  })

  it('come alone with a large body, and are whole', async () => {
    const large = new Uint8Array(3_000_000).map((_, index) => index % 251)
    await enqueue(1)
    const url = `/enqueue?iterations=1`
    const headers = { 'idempotency-key': id(2) }
    await node.request(url, { method: 'PUT', body: large, headers })
    await enqueue(3)
    const claims = [await claim(), await claim(), await claim()]
    const ids = claims.map((frames) => frames.map(({ header }) => (header as { id: string }).id))
    expect(ids).toEqual([[id(1)], [id(2)], [id(3)]])
    expect(Buffer.compare(claims[1]?.[0]?.body ?? new Uint8Array(), large)).toBe(0)
  })

  it('go back to the queue when the way of a large body is cut off', async () => {
    const body = new Uint8Array(5_000_000)
    await node.queue.enqueue([sha512Task({ id: id(1), iterations: 1, body })])
    const wish = { max: 1, maxWork: 1, wait: 0 }
    const response = await node.send('POST', '/v1/leases/claim', wish, { as: 'worker' })
    await response.body?.cancel()
    await expect.poll(async () => (await node.queue.get(id(1))).state).toBe('queued')
    expect(await node.queue.get(id(1))).toMatchObject({ failures: 0 })
  })

  it('break off when a large body goes while it is sent', async () => {
    const body = new Uint8Array(5_000_000)
    await node.queue.enqueue([sha512Task({ id: id(1), iterations: 1, body })])
    const wish = { max: 1, maxWork: 1, wait: 0 }
    const response = await node.send('POST', '/v1/leases/claim', wish, { as: 'worker' })
    await node.queue.cancel(id(1))
    await expect(response.arrayBuffer()).rejects.toThrow('was deleted')
  })

  it('are given for as much work as the worker asks for, and one in any case', async () => {
    await enqueue(1, 2, 3, 4)
    expect(await claim('w1', { maxWork: 1 })).toHaveLength(1)
    expect(await claim('w1', { maxWork: 10 })).toHaveLength(2)
    expect(await claim('w1', { max: 1 })).toHaveLength(1)
  })

  it('are waited for', async () => {
    const waiting = claim('w1', { wait: 10_000 })
    await enqueue(1)
    expect(await waiting).toHaveLength(1)
  })

  it('end with a result, which is the same answer twice and nothing for anybody else', async () => {
    await enqueue(1)
    await claim()
    const reports = [{ id: id(1), attempt: 1, result }]
    expect(await report('complete', packResults(reports), 'w2')).toEqual([403, ['foreign']])
    expect(await report('complete', packResults(reports))).toEqual([200, ['done']])
    expect(await report('complete', packResults(reports))).toEqual([200, ['done']])
    const other = [{ id: id(1), attempt: 1, result: Buffer.alloc(64, 0xcd) }]
    await report('complete', packResults(other))
    expect((await node.queue.get(id(1))).result).toEqual(new Uint8Array(64).fill(0xab))
  })

  it('are lost once they have expired and somebody else has the task: 409, nothing changes', async () => {
    await enqueue(1)
    await claim('w1')
    node.bench.time.steady += 30_001
    await node.queue.expireLeases()
    const [again] = await claim('w2')
    expect(again?.header).toMatchObject({ attempt: 2 })
    const late = packResults([{ id: id(1), attempt: 1, result }])
    expect(await report('complete', late, 'w1')).toEqual([409, ['lost']])
    expect(await report('renew', { leases: [{ id: id(1), attempt: 1 }] }, 'w1')).toEqual([
      409,
      ['lost'],
    ])
    expect(await node.queue.get(id(1))).toMatchObject({
      state: 'running',
      attempts: 2,
      worker: 'w2',
    })
  })

  it('live as long as they are renewed, whatever the wall clock does', async () => {
    await enqueue(1)
    await claim()
    for (let beat = 0; beat < 5; beat += 1) {
      node.bench.time.steady += 20_000
      node.bench.time.wall += 3_600_000
      const renewed = await report('renew', { leases: [{ id: id(1), attempt: 1 }] })
      expect(renewed).toEqual([200, ['done']])
      expect(await node.queue.expireLeases()).toEqual({ requeued: 0, failed: 0 })
    }
  })

  it('that failed are tried again later, then failed for good with the reason', async () => {
    await enqueue(1)
    await claim()
    const fail = (attempt: number) =>
      report('fail', { reports: [{ id: id(1), attempt, error: 'it broke' }] })
    expect(await fail(1)).toEqual([200, ['done']])
    expect(await claim()).toEqual([])
    node.bench.time.steady += 2000
    expect(await claim()).toHaveLength(1)
    expect(await fail(2)).toEqual([200, ['done']])
    expect(await node.queue.get(id(1))).toMatchObject({
      state: 'failed',
      error: 'it broke (2 failed attempts)',
    })
  })

  it('that are handed back are free at once, and nothing counts against the task', async () => {
    await enqueue(1)
    await claim()
    expect(await report('release', { leases: [{ id: id(1), attempt: 1 }] })).toEqual([
      200,
      ['done'],
    ])
    const [again] = await claim('w2')
    expect(again?.header).toMatchObject({ attempt: 2 })
    expect(await node.queue.get(id(1))).toMatchObject({ failures: 0 })
  })

  it('get a verdict each, when some count and some do not', async () => {
    await enqueue(1, 2)
    await claim()
    await node.queue.cancel(id(2))
    const reports = [1, 2, 3].map((n) => ({ id: id(n), attempt: 1, result }))
    expect(await report('complete', packResults(reports))).toEqual([200, ['done', 'lost', 'lost']])
    expect((await node.queue.get(id(2))).state).toBe('cancelled')
  })

  it.each([
    ['claim', { max: 0, maxWork: 1, wait: 0 }],
    ['claim', { max: 1, maxWork: 1, wait: 120_000 }],
    ['complete', { reports: [{ id: id(1), attempt: 1, result: 'abc' }] }],
    ['complete', new Uint8Array(83)],
    ['complete', new Uint8Array(85)],
    ['complete', new Uint8Array()],
    ['renew', { leases: [{ id: id(1), attempt: 0 }] }],
    ['fail', { reports: [{ id: id(1), attempt: 1 }] }],
  ])('%s refuses %j', async (kind, body) => {
    const response = await post(kind, body)
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ error: { code: 'invalid' } })
  })

  it('are refused with words when the body is not JSON', async () => {
    const headers = { 'content-type': 'application/json' }
    const init = { as: 'worker', method: 'POST', body: '{"max":', headers } as const
    const response = await node.request('/v1/leases/claim', init)
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ error: { code: 'invalid' } })
  })

  it('are given to nobody while the node drains; what runs may still be reported', async () => {
    await enqueue(1, 2)
    await claim('w1', { max: 1 })
    await node.request('/v1/drain', { method: 'POST' })
    expect(await claim('w2')).toEqual([])
    const done = await report('complete', packResults([{ id: id(1), attempt: 1, result }]))
    expect(done).toEqual([200, ['done']])
    const refused = await node.request('/enqueue?iterations=1', { method: 'PUT' })
    expect(refused.status).toBe(503)
  })
})
