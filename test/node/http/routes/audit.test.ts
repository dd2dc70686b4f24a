/** What administrators do to a node is written down; what they only look at, or send to be done, is not. */
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createTestNode, type TestNode } from '../../harness.ts'

const id = '01997a5e-4b7e-7cc2-8f6a-0d3b5b6e9a10'
const hash = 'ab'.repeat(32)

let node: TestNode
beforeEach(async () => {
  node = await createTestNode()
})
afterEach(() => node.close())

const lines = () => node.audited.map(({ who, what, status }) => `${who}: ${what}: ${status}`)

it('has a line for everything that changes the node, also when it was refused', async () => {
  await node.send('PATCH', '/v1/settings', { maxWorkers: 2 })
  await node.send('PATCH', '/v1/settings', { maxWorkers: -1 })
  await node.send('PUT', '/v1/siblings', { siblings: [] })
  await node.request(`/v1/tasks/${id}/cancel`, { method: 'POST' })
  await node.send('PUT', `/v1/shared/${hash}`, { size: 1 })
  await node.request('/v1/drain', { method: 'POST' })
  await node.request('/v1/nothing', { method: 'DELETE' })
  expect(lines()).toEqual([
    'admin admin: PATCH /v1/settings: 200',
    'admin admin: PATCH /v1/settings: 400',
    'admin admin: PUT /v1/siblings: 200',
    `admin admin: POST /v1/tasks/${id}/cancel: 404`,
    `admin admin: PUT /v1/shared/${hash}: 200`,
    'admin admin: POST /v1/drain: 200',
    'admin admin: DELETE /v1/nothing: 404',
  ])
})

it('has none for reading, for tasks and results, and for workers', async () => {
  await node.request('/v1/state')
  await node.request('/enqueue?iterations=1', { method: 'PUT', body: 'x' })
  await node.send('POST', '/v1/tasks/lookup', { ids: [id] })
  await node.request('/pullCompleted?top=1', { method: 'POST' })
  await node.send('POST', '/v1/results/pulled', { ids: [id] })
  await node.send('POST', '/v1/leases/claim', { max: 1, maxWork: 1, wait: 0 }, { as: 'worker' })
  await node.request(`/v1/shared/${hash}/0`, { method: 'PUT', body: 'x' })
  await node.request('/v1/settings', { method: 'PATCH', as: 'worker' })
  expect(lines()).toEqual([])
})
