/** Requests that are not what they should be: JSON that is none, NULs, and names that climb out. */
import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect } from 'vitest'
import { framesType } from '../../src/api/frames.ts'
import type { Role } from '../../src/core/tokens.ts'
import { it, type ServedNode } from './node.ts'

/** One request as raw bytes: `fetch` would tidy it up. The statuses of the answers. */
async function send(node: ServedNode, lines: string[], body: string | Uint8Array = '') {
  const raw = await node.open()
  const length = `content-length: ${Buffer.byteLength(body)}`
  const head = [...lines, 'host: localhost', length, 'connection: close', '', ''].join('\r\n')
  raw.socket.write(Buffer.concat([Buffer.from(head, 'latin1'), Buffer.from(body)]))
  await raw.closed
  return raw
}

const bearer = (node: ServedNode, role: Role) => `authorization: Bearer ${node.token(role)}`
const json = 'content-type: application/json'

/** Refused with an error in the usual shape, and nothing in the log. */
async function expectRefused(node: ServedNode, lines: string[], body?: string | Uint8Array) {
  const raw = await send(node, lines, body)
  const [status = 0] = raw.statuses()
  const shown = `${lines[0]} ${String(body).slice(0, 60)}: ${status}`
  expect(status, shown).toBeGreaterThanOrEqual(400)
  expect(status, shown).toBeLessThan(500)
  const text = raw.heard().slice(raw.heard().indexOf('\r\n\r\n') + 4)
  // What is no HTTP at all never came to a route: Node itself answers, with nothing.
  if (text !== '') expect(JSON.parse(text), shown).toMatchObject({ error: { code: /^/ } })
}

const bodies = [
  '',
  '{',
  'null',
  '[]',
  '"text"',
  '{"ids":',
  '{"ids":[null]}',
  '{"ids":["\u0000"]}',
  '{"ids":["\\u0000"]}',
  `{"ids":["../../secret"]}`,
  `${'['.repeat(100_000)}`,
  `{"ids":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
  '{"__proto__":{"ids":["x"]}}',
  '{"ids":[1e999]}',
  new Uint8Array([0xff, 0xfe, 0x00, 0x80]),
  '{"ids":["\ud800"]}',
]

const jsonRoutes: [string, Role][] = [
  ['POST /v1/tasks/lookup', 'admin'],
  ['PUT /v1/siblings', 'admin'],
  ['POST /v1/leases/claim', 'worker'],
  ['POST /v1/leases/renew', 'worker'],
  ['POST /v1/leases/fail', 'worker'],
  ['PUT /v1/workers/someone', 'worker'],
  ['POST /v1/join', 'worker'],
]

it('JSON that is none is refused by every route', { timeout: 60_000 }, async ({ node }) => {
  for (const [route, role] of jsonRoutes) {
    for (const body of bodies) {
      await expectRefused(node, [`${route} HTTP/1.1`, bearer(node, role), json], body)
    }
  }
  expect(await node.works()).toBe(true)
  expect(node.errors()).toEqual([])
})

const names = [
  '..',
  '%2e%2e',
  '..%2f..%2fsecret',
  '%2e%2e%2f%2e%2e%2fsecret',
  '..\\..\\secret',
  '%00',
  'w1%00',
  '%ff',
  '%',
  'a'.repeat(129),
  'w1%0d%0ax: y',
  '%E2%80%AE',
  '__proto__',
  'constructor',
]

const named: [string, string, Role][] = [
  ['GET', '/v1/tasks/', 'admin'],
  ['POST', '/v1/tasks/lookup/../', 'admin'],
  ['PUT', '/v1/workers/', 'worker'],
  ['POST', '/worker_down/', 'admin'],
  ['PUT', '/v1/loans/', 'node'],
  ['DELETE', '/v1/loans/', 'node'],
  ['GET', '/v1/results?cursor=', 'admin'],
  ['GET', '/v1/tasks?state=', 'admin'],
  ['GET', '/try_get_node_quota?loan=', 'node'],
  ['PUT', '/enqueue?iterations=', 'admin'],
  ['POST', '/pullCompleted?top=', 'admin'],
  ['GET', '/', 'admin'],
]

it('names that climb out of their place lead nowhere', { timeout: 60_000 }, async ({ node }) => {
  const before = readdirSync(node.folder, { recursive: true }).sort()
  for (const [method, path, role] of named) {
    for (const name of names) {
      const lines = [`${method} ${path}${name} HTTP/1.1`, bearer(node, role), json]
      await expectRefused(node, lines, method === 'GET' ? '' : '{"slots":1,"running":0}')
    }
  }
  expect(await node.works()).toBe(true)
  expect(readdirSync(node.folder, { recursive: true }).sort()).toEqual(before)
  expect(existsSync(join(dirname(node.folder), 'secret'))).toBe(false)
  expect(node.errors()).toEqual([])
})

it('NULs and what is no HTTP are refused', { timeout: 60_000 }, async ({ node }) => {
  const admin = bearer(node, 'admin')
  const frame = Buffer.concat([Buffer.from([0, 0, 0, 8, 0, 0, 0, 0]), Buffer.from('{"id":"\0"}')])
  const requests: [string[], (string | Uint8Array)?][] = [
    [['GET /v1/tasks\0 HTTP/1.1', admin]],
    [['GET /v1/\0/tasks HTTP/1.1', admin]],
    [['GET /v1/state HTTP/1.1', `${admin}\0`]],
    [['GET /v1/state HTTP/1.1', 'authorization: \0']],
    [['PUT /enqueue?iterations=1 HTTP/1.1', admin, 'idempotency-key: \0']],
    [['PUT /enqueue?iterations=1 HTTP/1.1', admin, 'content-length: 0x10']],
    [['PUT /enqueue?iterations=1 HTTP/1.1', admin, 'content-length: -1']],
    [['PUT /enqueue?iterations=1 HTTP/1.1', admin, 'transfer-encoding: chunked, gzip']],
    [['POST /v1/tasks HTTP/1.1', admin, `content-type: ${framesType}`], frame],
    [['GET  HTTP/1.1', admin]],
    [['GET http://:99999/v1/state HTTP/1.1', admin]],
    [['GET //evil/v1/state HTTP/1.1', admin]],
    [['CONNECT localhost:1 HTTP/1.1', admin]],
    [['TRACE /v1/state HTTP/1.1', admin]],
    [['PROPFIND /v1/state HTTP/1.1', admin]],
    [['OPTIONS * HTTP/1.1', admin]],
    [['GET /v1/state HTTP/9.9', admin]],
    [['GET /v1/state HTTP/1.1', admin, 'host: a b']],
    [['\x16\x03\x01\x02\x00\x01\x00']],
  ]
  const answers: (readonly [string, number[]])[] = []
  for (const [lines, body] of requests) {
    const raw = await send(node, lines, body)
    answers.push([lines.join(' | ').replace(admin, 'admin'), raw.statuses()])
  }
  expect(answers.filter(([, statuses]) => statuses.some((one) => one < 400 || one > 499))).toEqual(
    [],
  )
  expect(await node.works()).toBe(true)
  expect(node.errors()).toEqual([])
})
