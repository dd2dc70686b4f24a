/** How far a job is, over HTTP: with the last lines of what runs. */
import { afterEach, beforeEach, expect, it } from 'vitest'
import { packTasks } from '../../../../src/api/new-tasks.ts'
import { createTestNode, type TestNode } from '../../harness.ts'
import { commandJob } from './command-job.ts'

const id = (n: number) => `01997a5e-4b7e-7cc2-8f6a-${String(n).padStart(12, '0')}`
const job = id(1)
const worker = { as: 'worker', subject: 'w1' } as const

let node: TestNode
beforeEach(async () => {
  node = await createTestNode({ settings: { maxWorkers: 1 } })
  await node.send('PUT', `/v1/jobs/${job}`, commandJob)
  const tasks = [11, 12].map((n) => ({
    id: id(n),
    job,
    kind: 'command',
    spec: JSON.stringify({ n: n - 10, values: {} }),
    body: new Uint8Array(),
  }))
  await node.request('/v1/tasks', {
    method: 'POST',
    body: packTasks(tasks),
    headers: { 'content-type': 'application/vnd.tm.frames' },
  })
  await node.send('POST', '/v1/leases/claim', { max: 1, maxWork: 1e9, wait: 0 }, worker)
})
afterEach(() => node.close())

const renew = (more: object, as: typeof worker | { as: 'worker'; subject: string } = worker) =>
  node.send('POST', '/v1/leases/renew', { leases: [{ id: id(11), attempt: 1, ...more }] }, as)
const progress = async () => {
  const answer = await node.request(`/v1/jobs/${job}/progress`)
  // biome-ignore lint/suspicious/noExplicitAny: each test says what it expects of an answer.
  return (await answer.json()) as any
}

it('has the line that a renewal brought, and keeps it only while the attempt runs', async () => {
  expect(await progress()).toMatchObject({
    counts: { queued: 1, running: 1 },
    running: [{ id: id(11), n: 1, worker: 'w1', startedAt: 1_000_000 }],
    failed: [],
    pace: { ended: 0 },
  })
  expect((await renew({ beganAt: 1_000_500, line: 'frame 7' })).status).toBe(200)
  // Another worker can't speak for it.
  await renew({ beganAt: 1, line: 'not mine' }, { as: 'worker', subject: 'w2' })
  const { running } = await progress()
  expect(running).toMatchObject([{ beganAt: 1_000_500, line: 'frame 7' }])
  const reports = [{ id: id(11), attempt: 1, error: 'exit 1', final: true }]
  await node.send('POST', '/v1/leases/fail', { reports }, worker)
  expect(await progress()).toMatchObject({ running: [], failed: [{ n: 1, error: 'exit 1' }] })
})

it('is renewed without any of that, and refused with a line that is too long', async () => {
  expect((await renew({})).status).toBe(200)
  expect((await renew({ beganAt: 5, line: 'x'.repeat(201) })).status).toBe(400)
  expect((await renew({ beganAt: -5 })).status).toBe(400)
  expect((await progress()).running[0]).not.toHaveProperty('line')
})

it('is not known of another job', async () => {
  expect((await node.request(`/v1/jobs/${id(9)}/progress`)).status).toBe(404)
  expect((await node.request(`/v1/jobs/${job}/progress?limit=101`)).status).toBe(400)
})
