/** PUT /enqueue and POST /v1/tasks: what is taken in, and what is refused with which words. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeFrames, framesType } from '../../../../src/api/frames.ts'
import { unpackLeases } from '../../../../src/api/leases.ts'
import type { Lease } from '../../../../src/core/task.ts'
import { createTestNode, type TestNode } from '../../harness.ts'

let node: TestNode

beforeAll(async () => {
  node = await createTestNode({ settings: { maxBody: 1000 } })
})
afterAll(() => node.close())

interface Answer {
  id: string
  tasks: { id: string; outcome: string }[]
  error: { code: string; message: string }
}

const range = 'iterations must be a whole number from 1 to 9007199254740991'
const id = (n: number) => `01997a5e-4b7e-7cc2-8f6a-${String(n).padStart(12, '0')}`

async function put(query: string, init: RequestInit = {}) {
  const response = await node.request(`/enqueue${query}`, { method: 'PUT', ...init })
  return { status: response.status, body: (await response.json()) as Answer }
}

async function bulk(body: RequestInit['body'], init: RequestInit = {}) {
  const headers = { 'content-type': framesType }
  const response = await node.request('/v1/tasks', { method: 'POST', body, headers, ...init })
  return { status: response.status, body: (await response.json()) as Answer }
}

/** A body that comes in pieces and does not say how long it is. */
function chunked(pieces: Uint8Array[]): RequestInit {
  const stream = new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece)
      controller.close()
    },
  })
  return { body: stream, duplex: 'half' } as RequestInit
}

describe('PUT /enqueue', () => {
  it('answers 201 with the id once the task is stored', async () => {
    const { status, body } = await put('?iterations=3', { body: 'hello' })
    expect(status).toBe(201)
    const task = await node.queue.get(body.id)
    const spec = '{"iterations":3}'
    expect(task).toMatchObject({ state: 'queued', kind: 'sha512', spec, size: 5, attempts: 0 })
  })

  it.each([
    ['', `${range}, but it is missing`],
    ['?iterations=', `${range}, not ""`],
    ['?iterations=0', `${range}, not "0"`],
    ['?iterations=-1', `${range}, not "-1"`],
    ['?iterations=1.5', `${range}, not "1.5"`],
    ['?iterations=1e3', `${range}, not "1e3"`],
    ['?iterations=ten', `${range}, not "ten"`],
    ['?iterations=9007199254740992', `${range}, not "9007199254740992"`],
    ['?iterations=99999999999999999999', `${range}, not "99999999999999999999"`],
  ])('refuses %s', async (query, message) => {
    const before = await node.queue.stats()
    const { status, body } = await put(query, { body: 'x' })
    expect([status, body]).toEqual([400, { error: { code: 'invalid', message } }])
    expect(await node.queue.stats()).toMatchObject({ queued: before.queued })
  })

  it('takes the largest count there is', async () => {
    expect((await put('?iterations=9007199254740991')).status).toBe(201)
  })

  it.each([
    ['no content type', undefined],
    ['JSON', 'application/json'],
    ['a form', 'application/x-www-form-urlencoded'],
    ['text', 'text/plain; charset=latin1'],
  ])('keeps every byte of a body with %s', async (_, type) => {
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index)
    const headers: Record<string, string> = type ? { 'content-type': type } : {}
    const { status, body } = await put('?iterations=1', { body: bytes, headers })
    expect(status).toBe(201)
    const lease = (await claimAll()).find((one) => one.id === body.id)
    expect(lease?.body).toEqual(bytes)
  })

  it('refuses a form, whose envelope would be a part of the task, and shows the right command', async () => {
    const form = new FormData()
    form.set('file', new Blob(['the file']), 'file.bin')
    const before = await node.queue.stats()
    const response = await node.request('/enqueue?iterations=7', { method: 'PUT', body: form })
    expect(response.status).toBe(400)
    expect(await response.json()).toEqual({
      error: {
        code: 'invalid',
        message: 'The body must be the bytes of the file, not a form (curl -F)',
        suggestions: [
          'curl -T FILE -H "Authorization: Bearer $(tm token --cluster test)" "http://localhost/enqueue?iterations=7"',
        ],
      },
    })
    expect(await node.queue.stats()).toMatchObject({ queued: before.queued })
  })

  it('takes a body of 0 bytes, and one of exactly the limit', async () => {
    expect((await put('?iterations=1')).status).toBe(201)
    expect((await put('?iterations=1', { body: new Uint8Array(1000) })).status).toBe(201)
  })

  it('refuses an announced body over the limit without reading it', async () => {
    let read = false
    const stream = new ReadableStream(
      {
        pull() {
          read = true
          throw new Error('was read')
        },
      },
      { highWaterMark: 0 },
    )
    const headers = { 'content-length': '1001' }
    const answer = await put('?iterations=1', {
      body: stream,
      headers,
      duplex: 'half',
    } as RequestInit)
    expect(answer).toMatchObject({ status: 413, body: { error: { code: 'too_large' } } })
    expect(answer.body.error.message).toBe('The body is over the limit of 1000 B')
    expect(read).toBe(false)
  })

  it('refuses a body that turns out to be over the limit', async () => {
    const piece = new Uint8Array(400)
    expect((await put('?iterations=1', chunked([piece, piece]))).status).toBe(201)
    expect((await put('?iterations=1', chunked([piece, piece, piece]))).status).toBe(413)
  })

  it('makes one task of a request that is sent again, and refuses another one under its id', async () => {
    const headers = { 'idempotency-key': id(1) }
    const first = await put('?iterations=2', { body: 'same', headers })
    const again = await put('?iterations=2', { body: 'same', headers })
    expect([first, again]).toEqual([
      { status: 201, body: { id: id(1) } },
      { status: 201, body: { id: id(1) } },
    ])
    expect(await put('?iterations=2', { body: 'else', headers })).toMatchObject({ status: 409 })
    expect(await put('?iterations=3', { body: 'same', headers })).toMatchObject({ status: 409 })
  })

  it('refuses a key that is not a UUID', async () => {
    const { status, body } = await put('?iterations=2', { headers: { 'idempotency-key': '../x' } })
    expect([status, body.error.message]).toEqual([
      400,
      'idempotency-key must be a UUID in lower case',
    ])
  })
})

describe('POST /v1/tasks', () => {
  it('takes many, in any number of pieces', async () => {
    const frames = Array.from({ length: 1500 }, (_, n) => ({
      header: { id: id(1000 + n), iterations: 1 },
      body: new Uint8Array([n % 256]),
    }))
    const whole = encodeFrames(frames)
    const pieces = [whole.subarray(0, 7), whole.subarray(7, 5000), whole.subarray(5000)]
    const { status, body } = await bulk('', chunked(pieces))
    expect(status).toBe(200)
    expect(body.tasks).toHaveLength(1500)
    expect(body.tasks[7]).toEqual({ id: id(1007), outcome: 'created' })
    expect((await bulk(encodeFrames(frames.slice(0, 1)))).body.tasks).toEqual([
      { id: id(1000), outcome: 'known' },
    ])
  })

  it('says which one is in conflict and takes the others', async () => {
    const frame = (n: number, iterations: number) => ({
      header: { id: id(n), iterations },
      body: new Uint8Array(1),
    })
    await bulk(encodeFrames([frame(5000, 1)]))
    const { body } = await bulk(encodeFrames([frame(5000, 2), frame(5001, 1)]))
    expect(body.tasks.map(({ outcome }) => outcome)).toEqual(['conflict', 'created'])
  })

  it('takes nothing at all', async () => {
    expect(await bulk(new Uint8Array())).toEqual({ status: 200, body: { tasks: [] } })
  })

  it.each([
    ['an id that is none', { id: 'x', iterations: 1 }, /id must be a UUID/],
    ['no iterations', { id: id(1) }, /iterations must be a whole number from 1/],
    ['iterations in text', { id: id(1), iterations: '1' }, /iterations must be a whole number/],
    ['0 iterations', { id: id(1), iterations: 0 }, /iterations must be a whole number/],
    ['a header that is null', null, /id must be a UUID/],
  ])('refuses %s', async (_, header, message) => {
    const { status, body } = await bulk(encodeFrames([{ header, body: new Uint8Array() }]))
    expect(status).toBe(400)
    expect(body.error.message).toMatch(message)
  })

  it('takes bodies that are large together, in turn', async () => {
    const large = Array.from({ length: 5 }, (_, n) => ({
      header: { id: id(6000 + n), iterations: 1 },
      body: new Uint8Array(2_000_000).fill(n),
    }))
    const roomy = await createTestNode({ settings: { maxBody: 4_000_000 } })
    const whole = encodeFrames(large)
    const pieces = Array.from({ length: Math.ceil(whole.length / 65_536) }, (_, n) =>
      whole.subarray(n * 65_536, (n + 1) * 65_536),
    )
    const send = async () => {
      const headers = { 'content-type': framesType }
      const init = { method: 'POST', headers, ...chunked(pieces) }
      const response = await roomy.request('/v1/tasks', init)
      expect(response.status).toBe(200)
      expect(((await response.json()) as Answer).tasks).toHaveLength(5)
    }
    await Promise.all([send(), send(), send()])
    expect(await roomy.queue.stats()).toMatchObject({ queued: 5 })
    await roomy.close()
  })

  it('refuses what is not frames, what breaks off, and what is too large', async () => {
    const whole = encodeFrames([{ header: { id: id(1), iterations: 1 }, body: new Uint8Array(10) }])
    const head = whole.subarray(0, -10)
    expect((await bulk('hello, this is not a stream of frames')).status).toBe(400)
    expect((await bulk(head)).body.error.message).toMatch(/ends inside a frame/)
    const large = encodeFrames([
      { header: { id: id(1), iterations: 1 }, body: new Uint8Array(1001) },
    ])
    expect((await bulk(large)).status).toBe(413)
  })
})

async function claimAll(): Promise<Lease[]> {
  const wish = { worker: 'w', max: 100, maxWork: 2 ** 52, maxBytes: 2 ** 30, wait: 0 }
  const leases = unpackLeases((await node.queue.claim(wish)).frames)
  return leases.length === 0 ? [] : [...leases, ...(await claimAll())]
}
