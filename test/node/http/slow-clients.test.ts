/** Clients that stall are cut off, whatever they stall at; slow ones, and those that wait, are not. */
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { afterEach, expect, it } from 'vitest'
import { cutSlowClients } from '../../../src/node/http/slow-clients.ts'
import { makeCertificate } from '../../tls.ts'

const limit = { limitMs: 400, bytesPerSecond: 1000 }
let server: Server | undefined
afterEach(() => {
  server?.closeAllConnections()
  server?.close()
})

async function serve(
  listener: RequestListener,
  made: Server = createServer({ requestTimeout: 0 }),
) {
  server = made.on('request', listener)
  cutSlowClients(server, { everyMs: 50, limit })
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

/** What a connection hears until it is closed, and after how long that is. */
async function hear(socket: Socket, write: (socket: Socket) => unknown) {
  const began = performance.now()
  let heard = ''
  socket
    .on('error', () => {})
    .on('data', (bytes) => {
      heard += bytes.toString('latin1')
    })
  void write(socket)
  await new Promise((resolve) => socket.once('close', resolve))
  return { heard, ms: performance.now() - began }
}

const reading: RequestListener = (request, response) => {
  let size = 0
  request.on('data', (piece: Buffer) => {
    size += piece.length
  })
  request.on('error', () => {})
  request.on('end', () => response.end(`got ${size}`))
}

const put = (length: number, more = '') =>
  `PUT / HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${length}\r\n${more}\r\n`

/** So many bytes every 50 ms. */
async function drip(socket: Socket, length: number, bytes: number): Promise<void> {
  for (let sent = 0; sent < length && !socket.destroyed; sent += bytes) {
    socket.write('a'.repeat(bytes))
    await sleep(50)
  }
}

const stalling: [string, (socket: Socket) => unknown][] = [
  ['sends nothing of its body', (socket) => socket.write(put(10))],
  ['stops in the middle of its body', (socket) => socket.write(`${put(10)}abc`)],
  [
    'stops in the middle of a chunk',
    (socket) =>
      socket.write('PUT / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nff\r\nabc'),
  ],
  [
    'sends a byte now and then',
    (socket) => {
      socket.write(put(1000))
      return drip(socket, 1000, 1)
    },
  ],
]
it.each(stalling)('whoever %s hears 408', async (_, write) => {
  const port = await serve(reading)
  const { heard, ms } = await hear(connect(port, '127.0.0.1'), write)
  expect(heard).toMatch(/^HTTP\/1\.1 408 .*"code":"timeout".*stood still for 0.4 s/s)
  expect(ms).toBeGreaterThan(300)
  expect(ms).toBeLessThan(5000)
})

it('so does one over TLS', async () => {
  const port = await serve(reading, createTlsServer({ requestTimeout: 0, ...makeCertificate() }))
  const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
  expect((await hear(socket, () => socket.write(`${put(10)}abc`))).heard).toMatch(/^HTTP\/1\.1 408/)
})

it('whoever is slow but gets on is served, however long it takes', async () => {
  const port = await serve(reading)
  const { heard, ms } = await hear(connect(port, '127.0.0.1'), (socket) => {
    socket.write(put(4000, 'connection: close\r\n'))
    return drip(socket, 4000, 200)
  })
  expect(heard).toMatch(/^HTTP\/1\.1 200.*got 4000$/s)
  expect(ms).toBeGreaterThan(2 * limit.limitMs)
})

it('nobody is cut off while the node works, or does not read', async () => {
  const port = await serve((request, response) => {
    setTimeout(() => reading(request, response), 3 * limit.limitMs)
  })
  const wait = 'connection: close\r\n'
  const heard = await Promise.all([
    hear(connect(port, '127.0.0.1'), (socket) => socket.write(`${put(3, wait)}abc`)),
    hear(connect(port, '127.0.0.1'), (socket) =>
      socket.write(`${put(500_000, wait)}${'a'.repeat(500_000)}`),
    ),
  ])
  expect(heard.map((one) => one.heard.split('\r\n\r\n')[1])).toEqual(['got 3', 'got 500000'])
})

it('whoever does not read its answer is cut off', async () => {
  const port = await serve((_, response) => response.end(Buffer.alloc(64 * 1024 ** 2)))
  const open = await new Promise<Socket>((resolve) => {
    server?.once('connection', resolve)
    connect(port, '127.0.0.1')
      .pause()
      .on('error', () => {})
      .write('GET / HTTP/1.1\r\nhost: a\r\n\r\n')
  })
  const began = performance.now()
  await new Promise((resolve) => open.once('close', resolve))
  expect(performance.now() - began).toBeLessThan(5000)
})

it('connections that are idle between requests are closed, as without this', async () => {
  const made = createServer({ requestTimeout: 0, keepAliveTimeout: 100, keepAliveTimeoutBuffer: 0 })
  const port = await serve(reading, made)
  const { heard, ms } = await hear(connect(port, '127.0.0.1'), (socket) =>
    socket.write(`${put(1)}a`),
  )
  expect(heard).toMatch(/got 1$/)
  expect(ms).toBeLessThan(5000)
})
