/** `tm up` waits for a machine to become a node: what it says when it can't reach it. */
import { randomBytes } from 'node:crypto'
import { createServer, STATUS_CODES } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { afterEach, expect, it, onTestFinished } from 'vitest'
import { tm } from '../../../../src/core/suggestions.ts'
import {
  type BootOptions,
  bootNode,
} from '../../../../src/provider/ec2/adopt/operator/boot-node.ts'
import { useProxiesOf } from '../../../../src/runtime/proxy.ts'
import { freePort } from '../../../free-port.ts'
import { makeCertificate } from '../../../tls.ts'
import { type Account, openAccount, up } from '../account.ts'

let account: Account
afterEach(() => account.close())

/** A machine of the stand-in, which does not boot, at an address where nothing listens. */
async function machine(notes: string[] = []) {
  account = await openAccount()
  const { infrastructure, nodes } = await up(account.site, { nodes: ['node-1'] })
  const [node] = nodes
  if (!node) throw new Error('no node was launched')
  const { shapes, identity, role } = infrastructure
  const options: BootOptions = {
    ...{ aws: account.aws, cluster: 'test', identity, role, settings: {}, known: undefined },
    port: await freePort(),
    program: { packed: Buffer.from(''), hash: '', nodeLoader: '', workerLoader: '' },
    adoption: {
      secret: randomBytes(32).toString('hex'),
      terms: { workers: shapes.worker },
      workerLoader: '',
    },
    token: 'of nobody',
    onCertificate: () => {},
    note: (text) => void notes.push(text),
  }
  return { node, options }
}

it('in a private subnet: that its address is private, while it waits and at the end', async () => {
  const notes: string[] = []
  const { node, options } = await machine(notes)
  const here = { ...node, address: '127.0.0.1', privateAddress: '127.0.0.1' }
  await expect(bootNode(options, here)).rejects.toMatchObject({
    message: expect.stringContaining('did not start within 10 minutes: 127.0.0.1:'),
    suggestions: expect.arrayContaining([
      expect.arrayContaining([
        expect.stringContaining("you can't reach its private address from here"),
      ]),
    ]),
  })
  expect(notes.at(-1)).toMatch(/its address is private: are you in its VPC or VPN\?$/)
}, 60_000)

it('at a public address: that your own may have changed', async () => {
  const { node, options } = await machine()
  await expect(bootNode(options, { ...node, address: '127.0.0.1' })).rejects.toMatchObject({
    suggestions: expect.arrayContaining([
      expect.arrayContaining([expect.stringContaining('your address may have changed')]),
    ]),
  })
}, 60_000)

/** Answers every CONNECT with this status. */
async function proxyThat(status: number): Promise<{ asked: string[]; url: string }> {
  const asked: string[] = []
  const proxy = createServer()
  proxy.on('connect', (request, client: Socket) => {
    asked.push(request.url ?? '')
    client.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n\r\n`)
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
  useProxiesOf({ HTTPS_PROXY: url })
  onTestFinished(() => {
    useProxiesOf({})
    proxy.close()
  })
  return { asked, url }
}

it.each([
  ['a new machine', undefined],
  ['a machine whose certificate is known', makeCertificate().cert],
])('through a proxy that forbids the port: what it answered, at once, for %s', async (_, known) => {
  const { asked } = await proxyThat(403)
  const { node, options } = await machine()
  const { port, aws } = options
  const began = aws.now()
  await expect(
    bootNode({ ...options, known }, { ...node, address: '203.0.113.9' }),
  ).rejects.toThrow(
    expect.objectContaining({
      message: `node-1 (${node.instance}) can't be reached at 203.0.113.9:${port}: the proxy answered 403 (Forbidden)`,
      suggestions: [
        [
          `Have the proxy allow CONNECT to port `,
          ...[`${port}`, ', or go around it: NO_PROXY=', '203.0.113.9', '. Then: '],
          { run: 'up' },
        ],
        ['Or use a port that it allows: ', { run: 'down' }, ', then ', tm('up', { port: '443' })],
      ],
    }),
  )
  expect(asked).toEqual([`203.0.113.9:${port}`])
  // Of ten minutes, fifty times as fast.
  expect(aws.now() - began).toBeLessThan(9 * 60_000)
})

it('through a proxy that does not reach the machine yet, it goes on and says so at the end', async () => {
  const { asked } = await proxyThat(503)
  const notes: string[] = []
  const { node, options } = await machine(notes)
  const here = { ...node, address: '203.0.113.9' }
  await expect(bootNode(options, here)).rejects.toThrow(
    /did not start within 10 minutes: 203\.0\.113\.9:\d+: the proxy answered 503 \(Service Unavailable\)/,
  )
  expect(asked.length).toBeGreaterThan(1)
  expect(notes.at(-1)).toContain('the proxy answered 503')
}, 60_000)
