/** Why a task or a job is where it is, over HTTP: from what the node knows. */
import { afterEach, beforeEach, expect, it } from 'vitest'
import { sha512Task } from '../../../support/sha512-task.ts'
import { createTestNode, noSibling, type TestNode } from '../../harness.ts'
import { commandJob } from './command-job.ts'

const id = (n: number) => `01997a5e-4b7e-7cc2-8f6a-${String(n).padStart(12, '0')}`
const job = id(1)
const worker = { as: 'worker', subject: 'node-1-w-1' } as const

let node: TestNode
let theirs: object[] | undefined
beforeEach(async () => {
  theirs = undefined
  node = await createTestNode({
    settings: { maxWorkers: 1 },
    siblings: [{ id: 'node-2', url: 'http://two' }],
    dial: (sibling) => ({
      ...noSibling(sibling),
      getState: async () => {
        if (!theirs) throw new Error('away')
        return { workers: theirs } as never
      },
    }),
  })
})
afterEach(() => node.close())

const enqueue = (n: number) =>
  node.queue.enqueue([sha512Task({ id: id(n), iterations: 1, body: new Uint8Array(1) })])
const claim = (more: object = {}) =>
  node.send('POST', '/v1/leases/claim', { max: 1, maxWork: 1e9, wait: 0, ...more }, worker)
const join = () =>
  node.send('PUT', '/v1/workers/node-1-w-1', { slots: 1, running: 0, draining: false }, worker)

async function explain(path: string) {
  const answer = await node.request(`/v1/${path}/explanation`)
  // biome-ignore lint/suspicious/noExplicitAny: each test says what it expects of an answer.
  return { status: answer.status, ...((await answer.json()) as any) }
}

it('follows a task from the queue to its end', async () => {
  await enqueue(10)
  await enqueue(11)
  expect(await explain(`tasks/${id(11)}`)).toMatchObject({
    status: 200,
    why: 'no-worker',
    facts: { workers: 'none', limit: '1 worker of node-1', 'did not answer': 'node-2' },
  })
  await node.scaler.tick()
  expect(await explain(`tasks/${id(11)}`)).toMatchObject({
    why: 'starting',
    because: 'node-1-w-1 is starting, for 0.0 s',
  })
  await join()
  expect(await explain(`tasks/${id(11)}`)).toMatchObject({
    why: 'behind-others',
    because: '1 task is before it, and 1 worker works on them',
  })
  await claim()
  expect((await explain(`tasks/${id(10)}`)).why).toBe('runs')
  expect(await explain(`tasks/${id(11)}`)).toMatchObject({
    why: 'next',
    facts: { workers: '1 busy' },
  })
  const reports = [{ id: id(10), attempt: 1, error: 'it is broken' }]
  await node.send('POST', '/v1/leases/fail', { reports }, worker)
  expect(await explain(`tasks/${id(10)}`)).toMatchObject({
    why: 'retry-later',
    because: expect.stringContaining('it has failed once (it is broken), and it runs again in'),
  })
  node.bench.time.steady += 120_000
  node.bench.time.wall += 120_000
  expect((await explain(`tasks/${id(11)}`)).why).toBe('workers-silent')
  await node.queue.cancel(id(11))
  expect((await explain(`tasks/${id(11)}`)).why).toBe('cancelled')
})

it('counts the workers of siblings: they take its tasks, too', async () => {
  await enqueue(10)
  theirs = [{ id: 'node-2-w-1', state: 'idle', running: 0, launchedAt: 0, slots: 1 }]
  const answer = await explain(`tasks/${id(10)}`)
  expect(answer).toMatchObject({ why: 'next', facts: { workers: '1 idle' } })
  expect(answer.facts).not.toHaveProperty('did not answer')
})

it('says of a job what its first waiting task waits for', async () => {
  await node.send('PUT', `/v1/jobs/${job}`, commandJob)
  expect((await explain(`jobs/${job}`)).why).toBe('no-tasks')
  const tasks = [
    { id: id(11), values: { name: 'a' } },
    { id: id(12), values: { name: 'b' } },
  ]
  await node.send('POST', `/v1/jobs/${job}/tasks`, { tasks })
  await join()
  expect(await explain(`jobs/${job}`)).toMatchObject({ why: 'next', facts: { waiting: '2' } })
  await node.send('POST', `/v1/jobs/${job}/pause`, { reason: 'enough' })
  const paused = 'job 1 is paused: enough'
  expect(await explain(`jobs/${job}`)).toMatchObject({
    why: 'paused',
    because: `2 tasks wait. The first: ${paused}`,
  })
  expect(await explain(`tasks/${id(12)}`)).toMatchObject({ why: 'paused', because: paused })
  node.queue.pause()
  expect((await explain(`tasks/${id(12)}`)).why).toBe('draining')
})

it('does not say that a worker tries a job where there is none', async () => {
  await node.send('PUT', `/v1/jobs/${job}`, { ...commandJob, canary: true })
  const tasks = [
    { id: id(11), values: { name: 'a' } },
    { id: id(12), values: { name: 'b' } },
  ]
  await node.send('POST', `/v1/jobs/${job}/tasks`, { tasks })
  expect((await explain(`tasks/${id(12)}`)).why).toBe('no-worker')
  await join()
  const total = { cpus: 4, memory: 1e9, disk: 1e9 }
  await claim({ max: 1, maxWork: 0, room: { free: { ...total, cpus: 1 }, total, batch: 1 } })
  expect((await explain(`tasks/${id(12)}`)).why).toBe('being-tried')
})

it('is not known of what the node has not', async () => {
  expect((await explain(`tasks/${id(99)}`)).status).toBe(404)
  expect((await explain(`jobs/${id(99)}`)).status).toBe(404)
})
