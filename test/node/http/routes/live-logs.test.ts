/** What a running command writes, over HTTP, from its worker to who looks. */
import { afterEach, beforeEach, expect, it } from 'vitest'
import { packTasks } from '../../../../src/api/new-tasks.ts'
import { createTestNode, type TestNode } from '../../harness.ts'
import { commandJob } from './command-job.ts'

const job = '01997a5e-4b7e-7cc2-8f6a-000000000001'
const id = '01997a5e-4b7e-7cc2-8f6a-000000000011'
const w1 = { as: 'worker', subject: 'w1' } as const
const w2 = { as: 'worker', subject: 'w2' } as const

let node: TestNode
beforeEach(async () => {
  node = await createTestNode({ settings: { maxWorkers: 1 } })
  await node.send('PUT', `/v1/jobs/${job}`, commandJob)
  const spec = JSON.stringify({ n: 7, values: {} })
  await node.request('/v1/tasks', {
    method: 'POST',
    body: packTasks([{ id, job, kind: 'command', spec, body: new Uint8Array() }]),
    headers: { 'content-type': 'application/vnd.tm.frames' },
  })
})
afterEach(() => node.close())

const claim = () => node.send('POST', '/v1/leases/claim', { max: 9, maxWork: 1e9, wait: 0 }, w1)
const look = async (after = 0) =>
  await (await node.request(`/v1/tasks/${id}/log?after=${after}`)).json()
const watched = async (wait: number, as: typeof w1 | typeof w2 = w1) =>
  await (await node.send('POST', '/v1/leases/watched', { wait }, as)).json()
const pieces = [{ stream: 'stdout', from: 0, to: 3, text: 'one' }]
const write = (as: typeof w1 | typeof w2, attempt = 1, more: object[] = pieces) =>
  node.send('PUT', `/v1/leases/${id}/${attempt}/log`, { pieces: more }, as)

it('is asked for, sent and read', async () => {
  expect(await look()).toEqual({ state: 'queued', attempt: 0, pieces: [], next: 0 })
  await claim()
  const waiting = watched(60_000)
  expect(await look()).toEqual({ state: 'running', attempt: 1, worker: 'w1', pieces: [], next: 0 })
  expect(await waiting).toEqual({ watched: [{ id, attempt: 1 }] })
  expect(await watched(0, w2)).toEqual({ watched: [] })
  expect((await write(w1)).status).toBe(200)
  const seen = { stream: 'stdout', text: 'one', missed: 0 }
  expect(await look()).toMatchObject({ pieces: [seen], next: 1 })
  expect(await look(1)).toMatchObject({ pieces: [], next: 1 })
  expect(await watched(0)).toEqual({ watched: [{ id, attempt: 1, stdout: 3 }] })
})

it('is taken from the holder of the lease only', async () => {
  await claim()
  await look()
  expect((await write(w2)).status).toBe(403)
  expect((await write(w1, 2)).status).toBe(403)
  const unknown = `/v1/leases/${job}/1/log`
  expect((await node.send('PUT', unknown, { pieces }, w1)).status).toBe(404)
  expect((await write(w1, 1, [{ ...pieces[0], text: 'x'.repeat(65_537) }])).status).toBe(400)
  expect((await write(w1, 1, [{ ...pieces[0], stream: 'stdlog' }])).status).toBe(400)
  expect(await look()).toMatchObject({ pieces: [] })
  expect((await node.request(`/v1/tasks/${job}/log`)).status).toBe(404)
})
