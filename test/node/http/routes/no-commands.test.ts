/** A cluster that was told to run no commands. */
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createTestNode, type TestNode } from '../../harness.ts'
import { commandJob } from './command-job.ts'

const path = '/v1/jobs/01997a5e-4b7e-7cc2-8f6a-000000000001'

let node: TestNode
beforeEach(async () => {
  node = await createTestNode({ settings: { commands: 0 } })
})
afterEach(() => node.close())

it('refuses jobs and their tasks, until it may run them', async () => {
  const refused = await node.send('PUT', path, commandJob)
  expect(refused.status).toBe(403)
  expect(await refused.json()).toMatchObject({
    error: { code: 'forbidden', message: expect.stringContaining('--no-commands') },
  })
  expect((await node.send('PATCH', '/v1/settings', { commands: 1 })).status).toBe(200)
  expect((await node.send('PUT', path, commandJob)).status).toBe(200)
  expect((await node.send('PATCH', '/v1/settings', { commands: 0 })).status).toBe(200)
  expect((await node.send('POST', `${path}/tasks`, { tasks: [{}] })).status).toBe(403)
  expect((await node.send('PATCH', '/v1/settings', { commands: 2 })).status).toBe(400)
})
