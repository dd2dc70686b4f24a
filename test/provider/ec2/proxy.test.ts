/**
 * A proxy that the environment names, as a real one that answers CONNECT: AWS, the nodes and the
 * operator's own address are reached through it, and what is on this machine never is.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer as createHttpServer, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, connect as connectTcp, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createTransport } from '../../../src/api/transport.ts'
import { shownCertificate } from '../../../src/provider/ec2/adopt/operator/unowned-node.ts'
import { connectAws, disconnectAws } from '../../../src/provider/ec2/aws/connect.ts'
import { operatorAddress } from '../../../src/provider/ec2/network/operator-address.ts'
import { proxiesOf, useProxiesOf } from '../../../src/runtime/proxy.ts'
import { run } from '../../commands/run.ts'
import { makeCertificate } from '../../tls.ts'

const tls = makeCertificate()
let proxy: Server
let node: Server
/** What the proxy was asked to connect to. */
let asked: string[]
const sockets = new Set<Socket>()

async function listen(server: Server): Promise<number> {
  server.on('connection', (socket) => sockets.add(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

/** Every name and address leads to the node of this test: nothing here reaches the internet. */
beforeEach(async () => {
  asked = []
  node = createTlsServer(tls, (request, response) => response.end(`${request.url} for you`))
  const nodePort = await listen(node)
  proxy = createHttpServer((_, response) => response.writeHead(501).end())
  proxy.on('connect', (request, client: Socket) => {
    asked.push(request.url ?? '')
    if (request.url?.startsWith('sts.eu-')) {
      client.end('HTTP/1.1 403 Forbidden\r\n\r\n')
      return
    }
    const server = connectTcp(nodePort, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n')
      server.pipe(client).pipe(server)
    })
    for (const one of [client, server]) {
      sockets.add(one)
      one.on('error', () => {})
    }
  })
  const url = `http://127.0.0.1:${await listen(proxy)}`
  useProxiesOf({ HTTPS_PROXY: url, HTTP_PROXY: url, NO_PROXY: 'direct.example' })
})

afterEach(async () => {
  useProxiesOf({})
  for (const socket of sockets) socket.destroy()
  sockets.clear()
  for (const server of [proxy, node]) await new Promise((resolve) => server.close(resolve))
})

const credentials = { accessKeyId: 'AKIA', secretAccessKey: 'secret' }

/** Where a call to AWS goes; what answers is not AWS, so it fails. */
async function callAws(endpoint?: string): Promise<void> {
  const given = endpoint ? { endpoint } : {}
  const aws = await connectAws({ region: 'us-east-1', credentials, ...given })
  const asking = aws.call(new GetCallerIdentityCommand({}), { doing: 'asking', deadlineMs: 500 })
  await expect(asking).rejects.toThrow(/^Asking failed/)
  disconnectAws(aws)
}

describe('through the proxy go', () => {
  it('calls to AWS', async () => {
    await callAws()
    expect(asked[0]).toBe('sts.us-east-1.amazonaws.com:443')
  })

  it('none that the proxy refuses, which is said at once', async () => {
    const aws = await connectAws({ region: 'eu-west-1', credentials })
    const asking = aws.call(new GetCallerIdentityCommand({}), { doing: 'asking' })
    await expect(asking).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining('403'),
    })
    expect(asked).toHaveLength(1)
    disconnectAws(aws)
  })

  it('requests to a node, which shows its own certificate', async () => {
    expect((await shownCertificate('203.0.113.9', 8443)).trim()).toBe(tls.cert.trim())
    const send = createTransport(tls.cert)
    const answer = await send('https://203.0.113.9:8443/v1/state', { method: 'GET' })
    expect(Buffer.from(answer.bytes).toString()).toBe('/v1/state for you')
    expect(new Set(asked)).toEqual(new Set(['203.0.113.9:8443']))
  })

  it('none to a node that the proxy refuses, which says what it answered', async () => {
    const send = createTransport(makeCertificate().cert)
    const sent = send('https://sts.eu-nobody.example:8443/v1/state', { method: 'GET' })
    await expect(sent).rejects.toMatchObject({
      code: 'unreachable',
      message:
        "https://sts.eu-nobody.example:8443 can't be reached: the proxy answered 403 (Forbidden)",
      suggestions: expect.arrayContaining([expect.stringContaining('allow CONNECT')]),
    })
  })

  it('no requests to a node with another certificate', async () => {
    const send = createTransport(makeCertificate().cert)
    const sent = send('https://203.0.113.10:8443/v1/state', { method: 'GET' })
    await expect(sent).rejects.toThrow(/its certificate is not the certificate of this node/)
  })

  it('the question for the own address', async () => {
    const address = operatorAddress({ instead: '', fetch })
    // Its certificate is not that of AWS.
    await expect(address).rejects.toThrow(/public address can't be determined/)
    expect(asked).toEqual(['checkip.amazonaws.com:443'])
  })
})

describe('past the proxy goes', () => {
  it('what is on this machine, and what NO_PROXY names', async () => {
    const { port } = node.address() as AddressInfo
    for (const host of ['127.0.0.1', 'localhost']) await callAws(`https://${host}:${port}`)
    await callAws('https://direct.example')
    const send = createTransport(tls.cert)
    const { status } = await send(`https://127.0.0.1:${port}/`, { method: 'GET' })
    expect(status).toBe(200)
    expect((await shownCertificate('127.0.0.1', port)).trim()).toBe(tls.cert.trim())
    expect(asked).toEqual([])
  })
})

it('commands read it from their environment', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'tm-proxy-'))
  const env = {
    HTTPS_PROXY: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'AKIA',
    AWS_SECRET_ACCESS_KEY: 'secret',
  }
  const { stderr, exitCode } = await run(['list'], { dataDir, env })
  expect(asked).toEqual(['sts.eu-west-1.amazonaws.com:443'])
  expect(stderr).toMatch(/^EC2 in eu-west-1 is left out: Asking AWS who you are failed: .*403/)
  expect(exitCode).toBe(1)
  rmSync(dataDir, { recursive: true })
})

it('names in lower case win, and this machine is always named', () => {
  const env = {
    https_proxy: 'http://a',
    HTTPS_PROXY: 'http://b',
    no_proxy: '.corp',
    HTTP_PROXY: '',
  }
  expect(proxiesOf(env)).toEqual({
    HTTPS_PROXY: 'http://a',
    NO_PROXY: '.corp,localhost,127.0.0.1,::1,[::1],169.254.169.254',
  })
})
