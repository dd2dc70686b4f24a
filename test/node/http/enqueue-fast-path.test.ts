/**
 * The direct way of taking in a task answers what the route of the same name answers: every request
 * is sent to both, over sockets, to nodes that are alike.
 */
import { createServer, type RequestListener, request, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { unpackLeases } from '../../../src/api/leases.ts'
import { protocol } from '../../../src/api/protocol.ts'
import { signToken } from '../../../src/core/tokens.ts'
import { createListener } from '../../../src/node/http/listener.ts'
import { createTestNode, secret, type TestNode } from '../harness.ts'

interface Side {
  node: TestNode
  server: Server
  port: number
}
let direct: Side
let routed: Side

async function open(listenerOf: (node: TestNode) => RequestListener): Promise<Side> {
  const node = await createTestNode({ settings: { maxBody: 100_000, maxWorkers: 0 } })
  const server = createServer(listenerOf(node))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { node, server, port: (server.address() as AddressInfo).port }
}

beforeEach(async () => {
  direct = await open(createListener)
  routed = await open((node) => getRequestListener(node.app.fetch))
})
afterEach(async () => {
  for (const { node, server } of [direct, routed]) {
    server.closeAllConnections()
    server.close()
    await node.close()
  }
})

const admin = `Bearer ${signToken(secret, { role: 'admin', subject: 'admin' })}`
const worker = `Bearer ${signToken(secret, { role: 'worker', subject: 'w1' })}`
const id = '01997a5e-4b7e-7cc2-8f6a-0d3b5b6e9a10'

interface Sent {
  method?: string
  path?: string
  headers?: Record<string, string>
  body?: Uint8Array | string
  chunked?: boolean
}

async function send({ port }: Side, sent: Sent) {
  const { method = 'PUT', path = '/enqueue?iterations=3', body = 'hello', chunked } = sent
  const headers = {
    authorization: admin,
    ...(chunked ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
    ...sent.headers,
  }
  return await new Promise<{ status: number; type: string; body: unknown }>((resolve, reject) => {
    const outgoing = request({ port, method, path, headers }, async (answer) => {
      const chunks: Buffer[] = []
      for await (const chunk of answer) chunks.push(chunk as Buffer)
      const text = Buffer.concat(chunks).toString()
      const type = String(answer.headers['content-type'])
      resolve({ status: answer.statusCode ?? 0, type, body: JSON.parse(text) })
    })
    outgoing.on('error', reject)
    if (chunked) outgoing.write(body.slice(0, 1))
    outgoing.end(chunked ? body.slice(1) : body)
  })
}

const cases: [string, Sent, number][] = [
  ['a small task with an id', { headers: { 'idempotency-key': id } }, 201],
  ['an empty body', { headers: { 'idempotency-key': id }, body: '' }, 201],
  ['a larger body', { headers: { 'idempotency-key': id }, body: new Uint8Array(90_000) }, 201],
  ['a body in chunks', { headers: { 'idempotency-key': id }, chunked: true }, 201],
  [
    'another order of parameters',
    { path: '/enqueue?x=1&iterations=3', headers: { 'idempotency-key': id } },
    201,
  ],
  ['no token', { headers: { authorization: '' } }, 401],
  ['a forged token', { headers: { authorization: `${admin}x` } }, 401],
  ['the protocol', { headers: { 'tm-protocol': String(protocol), 'idempotency-key': id } }, 201],
  [
    'another protocol',
    { headers: { 'tm-protocol': String(protocol + 1), 'idempotency-key': id } },
    400,
  ],
  ["a worker's token", { headers: { authorization: worker } }, 403],
  ['no iterations', { path: '/enqueue' }, 400],
  ['iterations of 0', { path: '/enqueue?iterations=0' }, 400],
  ['iterations with a sign', { path: '/enqueue?iterations=+3' }, 400],
  ['too many iterations', { path: '/enqueue?iterations=9999999999999999' }, 400],
  ['an id that is none', { headers: { 'idempotency-key': 'mine' } }, 400],
  ['a body over the limit', { body: new Uint8Array(100_001) }, 413],
  ['another method', { method: 'POST' }, 405],
  ['TRACE', { method: 'TRACE', body: '' }, 405],
  [
    'another case of the scheme',
    { headers: { authorization: admin.replace('Bearer', 'bEARER'), 'idempotency-key': id } },
    201,
  ],
  [
    'what curl --data-binary calls a form',
    { headers: { 'content-type': 'application/x-www-form-urlencoded', 'idempotency-key': id } },
    201,
  ],
  [
    'a real form',
    { headers: { 'content-type': 'multipart/form-data; boundary=x', host: 'node' } },
    400,
  ],
]

describe('the direct way and the route', () => {
  it.each(cases)('answer the same to %s', async (_, sent, status) => {
    const [one, other] = [await send(direct, sent), await send(routed, sent)]
    expect(one.status).toBe(status)
    expect(one).toEqual(other)
  })

  it('store the same bytes, and make an id where none is given', async () => {
    const body = Uint8Array.from({ length: 3000 }, (_, index) => index % 256)
    for (const side of [direct, routed]) {
      const { status, body: answer } = await send(side, { body })
      expect(status).toBe(201)
      const { id: made } = answer as { id: string }
      expect(made).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/)
      const wish = { worker: 'w1', max: 1, maxWork: 1e9, maxBytes: 1e9, wait: 0 }
      const [lease] = unpackLeases((await side.node.queue.claim(wish)).frames)
      expect(lease).toMatchObject({ id: made, kind: 'sha512', spec: { iterations: 3 } })
      expect(new Uint8Array(lease?.body ?? [])).toEqual(body)
    }
  })

  it('take a task once, and refuse another one with its id', async () => {
    const same = { headers: { 'idempotency-key': id } }
    const other = { ...same, path: '/enqueue?iterations=4' }
    for (const side of [direct, routed]) {
      expect((await send(side, same)).status).toBe(201)
      expect((await send(side, same)).status).toBe(201)
      expect((await side.node.queue.stats()).queued).toBe(1)
    }
    const [one, two] = [await send(direct, other), await send(routed, other)]
    expect(one.status).toBe(409)
    expect(one).toEqual(two)
  })

  it('refuse tasks while the node drains', async () => {
    for (const { node } of [direct, routed]) node.queue.pause()
    const [one, other] = [await send(direct, {}), await send(routed, {})]
    expect(one.status).toBe(503)
    expect(one).toEqual(other)
  })

  it('take nothing of a body that breaks off', async () => {
    for (const { port, node } of [direct, routed]) {
      const socket = connect(port, '127.0.0.1')
      const head = ['PUT /enqueue?iterations=3 HTTP/1.1', 'host: x', `authorization: ${admin}`]
      socket.write(`${head.join('\r\n')}\r\ncontent-length: 100\r\n\r\nhalf of it`)
      await new Promise((resolve) => socket.once('connect', resolve))
      socket.destroy()
      // A whole one behind it has been answered: the broken one has been seen.
      expect((await send({ port } as Side, {})).status).toBe(201)
      expect((await node.queue.stats()).queued).toBe(1)
    }
  })
})
