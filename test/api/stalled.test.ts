/** Peers that stall, and lines that are slow: the time limit is for silence, not for a whole transfer. */
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { createTransport } from '../../src/api/transport.ts'
import { serveHttp, serveTcp, type TestServer } from './server.ts'
import { openSlowLine, type SlowLine } from './slow-line.ts'

const MiB = 1024 ** 2
const send = createTransport(undefined)
const open: (TestServer | SlowLine)[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})

async function tcp(answer: (socket: Socket) => void): Promise<string> {
  const server = await serveTcp((socket) => socket.once('data', () => answer(socket)))
  open.push(server)
  return server.url
}

/** A node behind a line that carries so many bytes a second each way. */
async function behindSlowLine(bytesPerSecond: number): Promise<string> {
  const server = await serveHttp(async (request, response) => {
    let size = 0
    for await (const piece of request) size += (piece as Buffer).length
    response.end(size === 0 ? Buffer.alloc(40 * MiB) : String(size))
  })
  const line = await openSlowLine(server.url, bytesPerSecond)
  open.push(line, server)
  return line.url
}

/** The failure of a request, and how long it took. */
async function failure(url: string, body?: Uint8Array<ArrayBuffer>, options = {}) {
  const began = performance.now()
  const init = body ? { method: 'POST', body } : {}
  const error = await send(url, init, { timeoutMs: 500, ...options }).then(
    ({ status }) => `it succeeded with ${status}`,
    (thrown: unknown) => thrown,
  )
  return { error, ms: performance.now() - began }
}

const head = 'HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n'

/** Writes one byte every 20 ms, as long as somebody is there. */
async function drip(socket: Socket, text: string): Promise<void> {
  for (const letter of text) {
    if (socket.destroyed) return
    socket.write(letter)
    await sleep(20)
  }
}

describe('a peer that', () => {
  const peers: [string, (socket: Socket) => void, RegExp][] = [
    ['accepts and never answers', () => {}, /: no answer in 0.5 s$/],
    ['sends its head byte by byte', (socket) => void drip(socket, head), /: no answer in 0.5 s$/],
    [
      'sends its answer byte by byte',
      (socket) => {
        socket.write(head)
        void drip(socket, 'a'.repeat(1000))
      },
      /: its answer stood still for 0.5 s$/,
    ],
    [
      'stops in the middle of its answer',
      (socket) => socket.write(`${head}half of it`),
      /: its answer stood still for 0.5 s$/,
    ],
  ]
  it.each(peers)('%s is given up', async (_, answer, message) => {
    const { error, ms } = await failure(await tcp(answer))
    expect(error).toMatchObject({ code: 'unreachable', message: expect.stringMatching(message) })
    expect(ms).toBeGreaterThan(400)
    expect(ms).toBeLessThan(5000)
  })

  it('stops reading in the middle of a large body is given up', async () => {
    const url = await tcp((socket) => socket.pause())
    const { error, ms } = await failure(url, new Uint8Array(64 * MiB))
    expect(error).toMatchObject({ code: 'unreachable' })
    expect(ms).toBeLessThan(10_000)
  })

  it('may take longer over an answer that has begun, if the caller says so', async () => {
    const url = await tcp((socket) => {
      socket.write(head)
      setTimeout(() => socket.write('a'.repeat(1000)), 900)
    })
    expect(await send(url, {}, { timeoutMs: 500, bodyTimeoutMs: 3000 })).toMatchObject({
      status: 200,
    })
  })

  it('says that the body came too slowly did not take it: another try may help', async () => {
    let tries = 0
    const server = await serveHttp((_, response) => {
      tries += 1
      response.writeHead(tries < 2 ? 408 : 200)
      response.end('{"error":{"code":"timeout","message":"It stood still"}}')
    })
    open.push(server)
    expect(await send(server.url, {}, { retries: 1 })).toMatchObject({ status: 200 })
    expect((await failure(server.url)).error).toBe('it succeeded with 200')
  })
})

describe('a slow line', () => {
  // Far more than the buffers of the system hold, and far longer than the limit.
  const options = { timeoutMs: 2000 }

  it('carries a large body, however long it takes', { timeout: 60_000 }, async () => {
    const url = await behindSlowLine(8 * MiB)
    const began = performance.now()
    const answer = await send(url, { method: 'POST', body: new Uint8Array(40 * MiB) }, options)
    expect(Buffer.from(answer.bytes).toString()).toBe(String(40 * MiB))
    expect(performance.now() - began).toBeGreaterThan(2 * options.timeoutMs)
  })

  it('carries a large answer, however long it takes', { timeout: 60_000 }, async () => {
    const url = await behindSlowLine(8 * MiB)
    const began = performance.now()
    const answer = await send(url, {}, options)
    expect(answer.bytes.length).toBe(40 * MiB)
    expect(performance.now() - began).toBeGreaterThan(2 * options.timeoutMs)
  })
})

it('a large body is announced with its length, and arrives as it was', async () => {
  const body = new Uint8Array(3 * MiB + 1).map((_, index) => index % 251)
  const seen: { length: string | undefined; body: Buffer }[] = []
  const server = await serveHttp(async (request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    await once(request, 'end')
    seen.push({ length: request.headers['content-length'], body: Buffer.concat(pieces) })
    response.end()
  })
  open.push(server)
  await send(server.url, { method: 'PUT', body })
  const text = 'é'.repeat(100_000)
  await send(server.url, { method: 'PUT', body: text })
  expect(seen.map(({ length }) => Number(length))).toEqual([body.length, 200_000])
  expect(seen[0]?.body.equals(body)).toBe(true)
  expect(seen[1]?.body.toString()).toBe(text)
})
