/** Failed attempts over HTTP: as a worker reports them, and as they are shown. */
import { afterEach, beforeEach, expect, it } from 'vitest'
import { unpackLeases } from '../../../../src/api/leases.ts'
import { packTasks } from '../../../../src/api/new-tasks.ts'
import { createTestNode, type TestNode } from '../../harness.ts'
import { commandJob } from './command-job.ts'

const job = '01997a5e-4b7e-7cc2-8f6a-000000000001'
const id = '01997a5e-4b7e-7cc2-8f6a-000000000011'
const worker = { as: 'worker', subject: 'w1' } as const

let node: TestNode
beforeEach(async () => {
  node = await createTestNode({ settings: { maxWorkers: 1 } })
  await node.send('PUT', `/v1/jobs/${job}`, commandJob)
  const spec = JSON.stringify({ n: 7, values: {} })
  const tasks = [{ id, job, kind: 'command', spec, body: new Uint8Array() }]
  await node.request('/v1/tasks', {
    method: 'POST',
    body: packTasks(tasks),
    headers: { 'content-type': 'application/vnd.tm.frames' },
  })
  const claim = { max: 9, maxWork: 1e9, wait: 0 }
  const answer = await node.send('POST', '/v1/leases/claim', claim, worker)
  expect(unpackLeases(new Uint8Array(await answer.arrayBuffer()))).toHaveLength(1)
})
afterEach(() => node.close())

const kept = { text: 'no luck\u0000\u001b[2J', bytes: 99_000 }
const ending = { reason: 'exit', exit: 3, beganAt: 1_000_000, ran: 12 }
const fail = (more: object) =>
  node.send(
    'POST',
    '/v1/leases/fail',
    { reports: [{ id, attempt: 1, error: 'exit 3', final: true, ...more }] },
    worker,
  )
const attempts = async () => await (await node.request(`/v1/tasks/${id}/attempts`)).json()

it('are shown as they were reported, and their ending with the task', async () => {
  expect(await attempts()).toEqual({ attempts: [] })
  expect((await fail({ ending, stdout: kept, stderr: kept, other: 'ignored' })).status).toBe(200)
  expect(await attempts()).toEqual({
    attempts: [
      {
        attempt: 1,
        worker: 'w1',
        startedAt: 1_000_000,
        endedAt: 1_000_000,
        error: 'exit 3',
        ...ending,
        stdout: kept,
        stderr: kept,
      },
    ],
  })
  const task = await (await node.request(`/v1/tasks/${id}`)).json()
  expect(task).toMatchObject({ state: 'failed', ...ending })
  const list = async (beginning: string) =>
    (await (await node.request(`/v1/tasks?beginning=${beginning}`)).json()) as { tasks: object[] }
  expect((await list('01997a5e-4b')).tasks).toEqual([task])
  expect((await list('-')).tasks).toEqual([task])
  expect((await list('02')).tasks).toEqual([])
  expect((await node.request('/v1/tasks?beginning=xyz')).status).toBe(400)
})

it.each([
  ['more than 64 KiB', { ending, stderr: { text: 'x'.repeat(65_537), bytes: 65_537 } }],
  ['a reason that there is not', { ending: { ...ending, reason: 'whim' } }],
  ['a signal of any length', { ending: { ...ending, signal: 'SIG'.repeat(10) } }],
])('are refused with %s', async (_, more) => {
  expect((await fail(more)).status).toBe(400)
  expect(await attempts()).toEqual({ attempts: [] })
})

it('are not those of a task that this node does not know', async () => {
  const unknown = await node.request(`/v1/tasks/${job}/attempts`)
  expect([unknown.status, await unknown.json()]).toMatchObject([
    404,
    { error: { code: 'not_found' } },
  ])
})
