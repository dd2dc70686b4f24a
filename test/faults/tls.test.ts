/**
 * TLS where the process has been loosened from outside, as `NODE_OPTIONS=--tls-min-v1.0` does it: what
 * nodes and their clients say themselves still holds.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import tls, { type SecureVersion } from 'node:tls'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTransport } from '../../src/api/transport.ts'
import { type RunningNode, startNode } from '../../src/node/serve.ts'
import { serveRoutes } from '../../src/provider/ec2/adopt/machine/server.ts'
import { shownCertificate } from '../../src/provider/ec2/adopt/operator/unowned-node.ts'
import { freePort } from '../free-port.ts'
import { makeCertificate } from '../tls.ts'

const own = makeCertificate()
const folder = mkdtempSync(join(tmpdir(), 'tm-tls-'))
const { DEFAULT_MIN_VERSION, DEFAULT_CIPHERS } = tls
const ports: Record<string, number> = {}
let node: RunningNode
let end: () => void
let served: Promise<void>

beforeAll(async () => {
  tls.DEFAULT_MIN_VERSION = 'TLSv1'
  // OpenSSL itself takes nothing old above level 0.
  tls.DEFAULT_CIPHERS = 'DEFAULT@SECLEVEL=0'
  ports['a server that says nothing'] = await listen('TLSv1.3')
  node = await startNode({
    id: 'node-1',
    cluster: 'test',
    version: '0.0.0',
    folder,
    host: '127.0.0.1',
    port: 0,
    tls: own,
    keys: { current: Buffer.from(new Uint8Array(32)).toString('hex') },
    settings: {},
    provider: {
      list: async () => [],
      terminate: async () => {},
      whyEnded: async () => undefined,
      launch: () => Promise.reject(new Error('not here')),
    },
    log: pino({ level: 'silent' }),
  })
  ports['a node'] = Number(new URL(node.url).port)
  const port = await freePort()
  ports['a node that has no owner yet'] = port
  served = serveRoutes({
    port,
    tls: own,
    maxBody: 100,
    onError: () => ({ status: 500, body: {} }),
    routes: { 'GET /end': async () => ({ status: 200, body: {}, last: true }) },
  })
  end = () => void ask(port, 'GET', '/end')
})
afterAll(async () => {
  Object.assign(tls, { DEFAULT_MIN_VERSION, DEFAULT_CIPHERS })
  end()
  await served
  await node.stop()
  for (const server of servers) server.close()
  rmSync(folder, { recursive: true })
})

const servers: tls.Server[] = []
let heard = ''

/** One that says nothing of the oldest version; answers every request, and remembers its bytes. */
async function listen(maxVersion: SecureVersion): Promise<number> {
  const server = tls.createServer({ ...own, maxVersion }, (socket) => {
    socket.on('error', () => {})
    socket.on('data', (bytes) => {
      heard += bytes
      socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok')
    })
  })
  server.on('tlsClientError', () => {})
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

const ask = (port: number, method: string, path = '/', certificate = own.cert) =>
  createTransport(certificate)(
    `https://127.0.0.1:${port}${path}`,
    { method, headers: { authorization: 'Bearer a-token' } },
    { timeoutMs: 5000 },
  )

/** What a raw client that allows only this version ends with: the version, or the refusal. */
async function shake(port: number, version: SecureVersion): Promise<string | null> {
  return await new Promise((resolve) => {
    const only = { minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' }
    const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...only })
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(String(error.code)))
    socket.once('secureConnect', () => {
      resolve(socket.getProtocol())
      socket.destroy()
    })
  })
}

const refused = 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION'

describe('a loosened process', () => {
  it.each([
    // The proof that this test could see it.
    ['a server that says nothing', ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3']],
    ['a node', [refused, refused, 'TLSv1.2', 'TLSv1.3']],
    ['a node that has no owner yet', [refused, refused, 'TLSv1.2', 'TLSv1.3']],
  ])('%s speaks %j', async (what, expected) => {
    const spoken: (string | null)[] = []
    for (const version of ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const) {
      spoken.push(await shake(ports[what] as number, version))
    }
    expect(spoken).toEqual(expected)
  })

  it('sends no token to a server that speaks nothing newer than TLS 1.1', async () => {
    const [old, newer] = [await listen('TLSv1.1'), await listen('TLSv1.2')]
    await expect(ask(old, 'GET')).rejects.toMatchObject({ code: 'unreachable' })
    await expect(shownCertificate('127.0.0.1', old)).rejects.toMatchObject({ code: 'unreachable' })
    expect(heard).toBe('')
    expect((await ask(newer, 'GET')).status).toBe(200)
    expect(heard).toContain('authorization: Bearer a-token')
  })

  it('sends not one byte to a server with another certificate', async () => {
    const port = await listen('TLSv1.3')
    heard = ''
    await expect(ask(port, 'GET', '/', makeCertificate().cert)).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining('its certificate is not the certificate of this node'),
    })
    expect(heard).toBe('')
  })
})
