/** A node with TLS: its own certificate is the only one that is talked to. */
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:tls'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createTransport } from '../../src/api/transport.ts'
import { makeCertificate } from '../tls.ts'

const own = makeCertificate()
const other = makeCertificate()
const heard: string[] = []
let server: Server
let url: string

beforeAll(async () => {
  server = createServer(own, async (request, response) => {
    heard.push(String(request.headers.authorization))
    let size = 0
    for await (const piece of request) size += (piece as Buffer).length
    response.end(size > 0 ? String(size) : 'hello')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => server.close())

const ask = (certificate: string | undefined) =>
  createTransport(certificate)(url, { headers: { authorization: 'a secret' } }, { timeoutMs: 5000 })

it('is talked to with its certificate, whatever its address', async () => {
  expect(Buffer.from((await ask(own.cert)).bytes).toString()).toBe('hello')
  expect(heard).toEqual(['a secret'])
})

it('takes a large body, piece by piece', async () => {
  const body = new Uint8Array(3_000_000)
  const answer = await createTransport(own.cert)(url, { method: 'PUT', body })
  expect(Buffer.from(answer.bytes).toString()).toBe('3000000')
})

it.each([
  ['another certificate', other.cert, 'its certificate is not the certificate of this node'],
  ['no certificate to compare with', undefined, 'has not proved yet that it is a node'],
])('hears nothing from a client that has %s', async (_, certificate, why) => {
  const before = heard.length
  await expect(ask(certificate)).rejects.toMatchObject({
    code: 'unreachable',
    message: expect.stringContaining(why),
  })
  expect(heard.length).toBe(before)
})

it('speaks nothing older than TLS 1.2', async () => {
  const { port } = server.address() as AddressInfo
  const outcome = await new Promise<string>((resolve) => {
    const old = {
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    } as const
    const socket = connect({ port, host: '127.0.0.1', ca: own.cert, ...old })
    socket.once('secureConnect', () => resolve('connected'))
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(String(error.code)))
  })
  // The server's own refusal, not that of this client.
  expect(outcome).toBe('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION')
})
