/** How a machine that a node has launched becomes its worker, seen from its address. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createTestNode, type TestNode } from '../../harness.ts'

const key = 'k'.repeat(40)
let folder: string
let node: TestNode

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tm-join-'))
  const program = join(folder, 'tm.mjs.gz')
  writeFileSync(program, 'the program')
  node = await createTestNode({ program })
  await node.workers.launch()
})
afterEach(async () => {
  await node.close()
  rmSync(folder, { recursive: true })
})

async function found(address: string): Promise<void> {
  const machine = node.bench.machines.get('node-1-w-1')
  if (machine) node.bench.machines.set('node-1-w-1', { ...machine, address })
  await node.workers.reconcile()
}

async function ask(from: string, body: object = { id: 'node-1-w-1', key }) {
  const incoming = { socket: { remoteAddress: from, remotePort: 1, remoteFamily: 'IPv4' } }
  const init = {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  }
  const response = await node.app.request('/v1/join', init, { incoming })
  return [response.status, await response.json()] as [number, { token?: string }]
}

it('gives the token of this worker to the machine that was launched for it', async () => {
  await found('172.31.0.7')
  const [status, { token }] = await ask('::ffff:172.31.0.7')
  expect(status).toBe(200)
  expect(token).toMatch(/^tm_worker_node-1-w-1_/)
  const program = await node.app.request('/v1/program', {
    headers: { authorization: `Bearer ${token}` },
  })
  expect(await program.text()).toBe('the program')
})

it('gives it once: again only to who asks with the same key, whose answer was lost', async () => {
  await found('172.31.0.7')
  const [, first] = await ask('172.31.0.7')
  expect(await ask('172.31.0.7')).toEqual([200, first])
  const [status] = await ask('172.31.0.7', { id: 'node-1-w-1', key: 'x'.repeat(40) })
  expect(status).toBe(403)
})

it.each([
  ['from another address', '172.31.0.8', { id: 'node-1-w-1', key }, 403],
  ['of a worker that was not launched', '172.31.0.7', { id: 'node-1-w-9', key }, 403],
  ['with a key that can be guessed', '172.31.0.7', { id: 'node-1-w-1', key: 'k' }, 400],
])('refuses one %s', async (_, from, body, expected) => {
  await found('172.31.0.7')
  const [status, answer] = await ask(from, body)
  expect(status).toBe(expected)
  expect(answer.token).toBeUndefined()
})

it('reads no more than it takes to join', async () => {
  await found('172.31.0.7')
  const [status] = await ask('172.31.0.7', { id: 'node-1-w-1', key: 'k'.repeat(100_000) })
  expect(status).toBe(413)
})

it('asks for patience while nobody knows the address of the machine', async () => {
  expect((await ask('172.31.0.7'))[0]).toBe(503)
})

it('refuses a worker that was told to stop', async () => {
  await found('172.31.0.7')
  node.workers.drain(1, 1000)
  expect((await ask('172.31.0.7'))[0]).toBe(403)
})

it('refuses everybody where workers are started with a token', async () => {
  const local = await createTestNode()
  const body = JSON.stringify({ id: 'w', key })
  const headers = { 'content-type': 'application/json' }
  const response = await local.app.request('/v1/join', { method: 'POST', body, headers })
  expect(response.status).toBe(403)
  await local.close()
})
