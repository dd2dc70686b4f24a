/**
 * 10,000 requests that the OpenAPI document suggests, right and wrong (2,000 in `npm test`): no answer
 * is a fault of the node, and each is one that the document declares. A failure prints its seed; with it as
 * `TM_FUZZ_SEED` the same requests are made again.
 */

import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { withDefaults } from '../../../src/core/settings.ts'
import { signToken } from '../../../src/core/tokens.ts'
import { createListener } from '../../../src/node/http/listener.ts'
import { createTestNode, secret, type TestNode } from '../../node/harness.ts'
import { sha512Task } from '../../support/sha512-task.ts'
import { isLong } from '../chance.ts'
import { createJudge, type Document } from './document.ts'
import { type Fuzzed, requestsFor } from './requests.ts'

const atOnce = 20
const seed = process.env.TM_FUZZ_SEED
const known = [1, 2, 3, 4, 5, 6].map((n) => `01997a5e-4b7e-7cc2-8f6a-00000000000${n}`)
const loan = '01997a5e-4b7e-7cc2-8f6a-0000000000aa'

let node: TestNode
let document: Document
let server: Server
let url: string

beforeEach(async () => {
  node = await createTestNode({ program: import.meta.filename, configure: async () => {} })
  document = (await (await node.request('/openapi.json')).json()) as Document
  server = createServer(createListener(node))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const body = new Uint8Array([1])
  await node.queue.enqueue(known.map((id) => sha512Task({ id, iterations: 1, body })))
  await node.send('POST', '/v1/leases/claim', { max: 2, maxWork: 9, wait: 0 }, { as: 'worker' })
})
afterEach(async () => {
  server.closeAllConnections()
  server.close()
  await node.close()
})

type Ask = (path: string, init: RequestInit) => Response | Promise<Response>

const overSocket: Ask = (path, init) => fetch(url + path, init)
/** But for what looks at the address of whoever asks. */
const inProcess: Ask = (path, init) =>
  path.startsWith('/v1/join') ? overSocket(path, init) : node.app.request(path, init)

const draining = /This node is draining/
/** The only 5xx there may be: 503, where waiting helps. 507 takes a full disk. */
const unavailable: Record<string, RegExp> = {
  'PUT /enqueue': draining,
  'POST /v1/tasks': draining,
  'POST /v1/leases/claim': /This worker was told to stop/,
  // w1 has joined, and the provider has not listed it.
  'POST /v1/join': /The address of this worker is not known yet/,
}

async function problemOf(ask: Ask, judge: ReturnType<typeof createJudge>, one: Fuzzed) {
  const { method, path, role, type, body } = one
  const headers = new Headers(one.headers)
  const subject = role === 'worker' ? 'w1' : 'node-2'
  if (role !== 'nobody') {
    headers.set('authorization', `Bearer ${signToken(secret, { role, subject })}`)
  }
  if (type) headers.set('content-type', type)
  const init = { method, headers, ...(body === undefined || method === 'GET' ? {} : { body }) }
  const answer = await ask(path, init)
  const text = await answer.text()
  const status = answer.status
  const isExpected = status === 503 && unavailable[one.route]?.test(text)
  if (status >= 500 && !isExpected) return `${status} ${text} ${node.bench.errors}`
  return judge(one.route, status, answer.headers.get('content-type') ?? '', text)
}

async function fuzz(ask: Ask, count: number, before: () => Promise<unknown>): Promise<void> {
  const judge = createJudge(document)
  const some = fc.array(requestsFor(document, [...known, loan]), {
    minLength: atOnce,
    maxLength: atOnce,
  })
  const property = fc.asyncProperty(some, async (requests) => {
    await before()
    const problems = await Promise.all(requests.map((one) => problemOf(ask, judge, one)))
    const found = requests.flatMap(({ route }, index) =>
      problems[index] ? [`${route}: ${problems[index]}`] : [],
    )
    expect(found).toEqual([])
    expect(node.bench.errors).toEqual([])
  })
  await fc.assert(property, { numRuns: count / atOnce, ...(seed ? { seed: Number(seed) } : {}) })
}

/** Settings may be changed to what lets nothing in. */
const reset = () => node.settings.change(withDefaults())

it('no request is answered in a way that the document does not declare', {
  timeout: 120_000,
}, async () => {
  await fuzz(inProcess, isLong ? 10_000 : 2_000, reset)
})

it('nor are 500 over a socket', { timeout: 60_000 }, async () => {
  await fuzz(overSocket, 500, reset)
})

it('nor are 500 to a node that drains, but for 503', { timeout: 60_000 }, async () => {
  expect((await node.send('POST', '/v1/drain', {})).status).toBe(200)
  await fuzz(inProcess, 500, reset)
})
