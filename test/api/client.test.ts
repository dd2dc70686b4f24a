/** What calls make of answers: data, a node's own error, or `unreachable` when one breaks off. */

import type { IncomingMessage } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { connect } from '../../src/api/client.ts'
import { encodeFrames, framesType } from '../../src/api/frames.ts'
import { unpackLeases } from '../../src/api/leases.ts'
import { packTasks } from '../../src/api/new-tasks.ts'
import { markPulled } from '../../src/api/newest-results.ts'
import { sha512Task } from '../support/sha512-task.ts'
import { serveHttp, type TestServer } from './server.ts'

const id = '01997a5e-4b7e-7cc2-8f6a-0d3b5b6e9a10'

let server: TestServer | undefined
afterEach(async () => {
  await server?.close()
  server = undefined
})

interface Seen {
  method: string | undefined
  url: string | undefined
  headers: IncomingMessage['headers']
  body: Buffer
}

interface Reply {
  status?: number
  type?: string
  body?: string | Uint8Array
  /** Says that more will come than does, then breaks the connection. */
  breaksOff?: boolean
}

/** A client of a node that answers like this, and what the node has seen. */
async function clientOf({ status = 200, type = 'application/json', body = '', breaksOff }: Reply) {
  const seen: Seen[] = []
  server = await serveHttp(async (request, response) => {
    const pieces: Buffer[] = []
    for await (const piece of request) pieces.push(piece)
    const { method, url, headers } = request
    seen.push({ method, url, headers, body: Buffer.concat(pieces) })
    const length = breaksOff ? { 'content-length': String(body.length + 100) } : {}
    response.writeHead(status, { 'content-type': type, ...length })
    if (breaksOff) response.write(body, () => request.socket.destroy())
    else response.end(body)
  })
  return { client: connect({ url: server.url, token: 'the-token' }), seen }
}

describe('a request', () => {
  it('carries the token, the id that keeps it from being done twice, and the bytes', async () => {
    const { client, seen } = await clientOf({ status: 201, body: JSON.stringify({ id }) })
    const body = new Uint8Array([0, 1, 255])
    expect(
      await client.enqueueTask({
        query: { iterations: 7 },
        headers: { 'idempotency-key': id },
        body,
      }),
    ).toEqual({ id })
    expect(seen).toMatchObject([
      {
        method: 'PUT',
        url: '/enqueue?iterations=7',
        headers: { authorization: 'Bearer the-token', 'idempotency-key': id },
        body: Buffer.from(body),
      },
    ])
  })

  it('carries many tasks as frames', async () => {
    const { client, seen } = await clientOf({ body: '{"tasks":[]}' })
    const tasks = [
      sha512Task({ id, iterations: 1, body: new Uint8Array([1]) }),
      sha512Task({ id, iterations: 2, body: new Uint8Array() }),
    ]
    expect((await client.enqueueTasks({ body: packTasks(tasks) })).tasks).toEqual([])
    expect(seen).toMatchObject([
      {
        method: 'POST',
        url: '/v1/tasks',
        headers: { authorization: 'Bearer the-token', 'content-type': framesType },
      },
    ])
    const frames = tasks.map(({ id, kind, spec, body }) => {
      return { header: { id, kind, spec: JSON.parse(spec) }, body }
    })
    expect(seen[0]?.body).toEqual(Buffer.from(encodeFrames(frames)))
  })

  it('that marks nothing as pulled is not sent, and many ids go in several', async () => {
    const { client, seen } = await clientOf({ body: '{}' })
    await markPulled(client, [])
    expect(seen).toEqual([])
    await markPulled(
      client,
      Array.from({ length: 2001 }, () => id),
    )
    expect(seen.map(({ body }) => JSON.parse(body.toString()).ids.length)).toEqual([1000, 1000, 1])
  })
})

describe("a node's error", () => {
  it('is thrown as it was', async () => {
    const error = { code: 'conflict', message: 'It is done', suggestions: ['Look at it'] }
    const { client } = await clientOf({ status: 409, body: JSON.stringify({ error }) })
    await expect(client.cancelTask({ params: { id } })).rejects.toMatchObject(error)
  })

  it('is its status when it is none of ours', async () => {
    const { client } = await clientOf({ status: 502, type: 'text/html', body: '<h1>Bad gateway' })
    await expect(client.getState()).rejects.toMatchObject({
      code: 'internal',
      message: 'The node answered with status 502',
    })
  })

  it('not_found is no error for a loan, or a worker, that nobody knows any more', async () => {
    const error = { code: 'not_found', message: 'There is none' }
    const { client } = await clientOf({ status: 404, body: JSON.stringify({ error }) })
    expect(await client.renewLoan({ params: { loan: id } })).toBeUndefined()
    expect(
      await client.workerDown({ params: { instance_id: 'w-1' }, json: { id: 'w-1' } }),
    ).toBeUndefined()
    await expect(client.getTask({ params: { id } })).rejects.toMatchObject(error)
  })

  it('about all of the reports is their verdicts', async () => {
    const { client } = await clientOf({ status: 409, body: '{"verdicts":["lost"]}' })
    expect((await client.renewLeases({ json: { leases: [{ id, attempt: 1 }] } })).verdicts).toEqual(
      ['lost'],
    )
  })

  it('about the worker is thrown, though its status is that of a verdict', async () => {
    const error = { code: 'forbidden', message: 'A node token may not do this' }
    const { client } = await clientOf({ status: 403, body: JSON.stringify({ error }) })
    const renewed = client.renewLeases({ json: { leases: [{ id, attempt: 1 }] } })
    await expect(renewed).rejects.toMatchObject(error)
  })
})

describe('an answer that breaks off', () => {
  it.each([
    ['in its JSON', '{"queue":{"queued":'],
    ['before its first byte', ''],
  ])('%s is unreachable: whether it was done is not known', async (_, body) => {
    const { client } = await clientOf({ body, breaksOff: true })
    await expect(client.getState()).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringMatching(/^The answer was interrupted: /),
    })
  })

  it('is unreachable too when it ends as if it were whole', async () => {
    const { client } = await clientOf({ body: '{"queue":{"queued":' })
    await expect(client.getState()).rejects.toMatchObject({ code: 'unreachable' })
  })

  it('is no error of the node when the node says one', async () => {
    const { client } = await clientOf({ status: 500, body: '{"error":{"code', breaksOff: true })
    await expect(client.getState()).rejects.toMatchObject({
      code: 'internal',
      message: 'The node answered with status 500',
    })
  })

  const frames = encodeFrames([
    {
      header: { id, attempt: 1, kind: 'x', cost: 1, spec: { times: 5 } },
      body: new Uint8Array([1, 2, 3]),
    },
    {
      header: { id, attempt: 2, kind: 'x', cost: 1, spec: { times: 6 } },
      body: new Uint8Array(1000),
    },
  ])
  const wish = { max: 10, maxWork: 1, wait: 0 }

  it('gives no leases at all: half a body must not be worked on', async () => {
    const { client } = await clientOf({
      type: framesType,
      body: new Uint8Array(frames).subarray(0, 200),
      breaksOff: true,
    })
    await expect(client.claimLeases({ json: wish })).rejects.toMatchObject({
      code: 'unreachable',
    })
  })

  it('gives no leases when it ends as if it were whole', async () => {
    const { client } = await clientOf({
      type: framesType,
      body: new Uint8Array(frames).subarray(0, 200),
    })
    const half = await client.claimLeases({ json: wish })
    expect(() => unpackLeases(half)).toThrow('it ends inside a frame')
  })

  it('and one that does not gives all leases', async () => {
    const { client } = await clientOf({ type: framesType, body: new Uint8Array(frames) })
    const leases = unpackLeases(await client.claimLeases({ json: wish }))
    expect(leases.map(({ attempt, spec, body }) => [attempt, spec, body.length])).toEqual([
      [1, { times: 5 }, 3],
      [2, { times: 6 }, 1000],
    ])
  })
})
