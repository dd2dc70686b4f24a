/** Tasks of a job as JSON, until a worker gets them. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { unpackLeases } from '../../../../src/api/leases.ts'
import type { Lease } from '../../../../src/core/task.ts'
import { createTestNode, type TestNode } from '../../harness.ts'
import { commandJob } from './command-job.ts'

const id = (n: number) => `01997a5e-4b7e-7cc2-8f6a-${String(n).padStart(12, '0')}`
const job = id(1)

let node: TestNode
beforeEach(async () => {
  node = await createTestNode({ settings: { maxBody: 1000 } })
  await node.send('PUT', `/v1/jobs/${job}`, commandJob)
})
afterEach(() => node.close())

const enqueue = (tasks: object[], to = job) => node.send('POST', `/v1/jobs/${to}/tasks`, { tasks })

async function claim(): Promise<Lease[]> {
  const wanted = { max: 1, maxWork: 1, wait: 0 }
  const as = { as: 'worker', subject: 'w1' } as const
  const answer = await node.send('POST', '/v1/leases/claim', wanted, as)
  return unpackLeases(new Uint8Array(await answer.arrayBuffer()))
}

describe('tasks as JSON', () => {
  it('have values, and bytes as text or in base64', async () => {
    const bytes = Buffer.from([0, 255, 10, 13])
    const answer = await enqueue([
      { id: id(2), values: { name: 'a' }, body: { text: 'naïve\n' } },
      { id: id(3), n: 7, body: { base64: bytes.toString('base64') } },
      {},
    ])
    expect(answer.status).toBe(200)
    const { tasks } = (await answer.json()) as { tasks: { id: string; outcome: string }[] }
    expect(tasks.map(({ outcome }) => outcome)).toEqual(['created', 'created', 'created'])
    expect(tasks.map((task) => task.id)).toEqual([
      id(2),
      id(3),
      expect.stringMatching(/^[0-9a-f-]{36}$/),
    ])

    const leases = [...(await claim()), ...(await claim()), ...(await claim())]
    expect(leases.map(({ spec, body }) => [spec, Buffer.from(body).toString('latin1')])).toEqual([
      [{ n: 1, values: { name: 'a' } }, Buffer.from('naïve\n').toString('latin1')],
      [{ n: 7, values: {} }, bytes.toString('latin1')],
      [{ n: 3, values: {} }, ''],
    ])
  })

  it('are the same tasks when they are sent again under their ids', async () => {
    const tasks = [{ id: id(2), body: { text: 'x' } }]
    const outcome = async (given: object[]) => await (await enqueue(given)).json()
    expect(await outcome(tasks)).toEqual({ tasks: [{ id: id(2), outcome: 'created' }] })
    expect(await outcome(tasks)).toEqual({ tasks: [{ id: id(2), outcome: 'known' }] })
    expect(await outcome([{ id: id(2), values: { x: 'y' } }])).toEqual({
      tasks: [{ id: id(2), outcome: 'conflict' }],
    })
  })

  it.each([
    [400, [], /tasks/],
    [400, [{ body: { text: 'x', base64: 'eA==' } }], /body/],
    [400, [{ body: { base64: 'x' } }], /base64/],
    [400, [{ values: { x: 1 } }], /values/],
    [400, [{ values: { x: 'x'.repeat(3000) } }], /under 3000 bytes/],
    [400, [{ id: 'x' }], /UUID/],
    [413, [{ body: { text: 'x'.repeat(1001) } }], /over the limit of 1000 B/],
  ])('are refused with %i: %j', async (status, tasks, why) => {
    const answer = await enqueue(tasks)
    expect(answer.status).toBe(status)
    expect(await answer.text()).toMatch(why)
  })

  it('need a job that is there', async () => {
    expect((await enqueue([{}], id(9))).status).toBe(404)
  })
})

it('a job needs no more than a number, a name and what to run', async () => {
  const small = { number: 2, name: 'x', job: { run: { script: 'true' } } }
  for (const status of [200, 200]) {
    expect((await node.send('PUT', `/v1/jobs/${id(5)}`, small)).status).toBe(status)
  }
  const { definition } = (await (await node.request(`/v1/jobs/${id(5)}`)).json()) as {
    definition: object
  }
  expect(definition).toEqual({
    number: 2,
    name: 'x',
    line: '',
    tasks: 0,
    printsStdout: false,
    job: {
      run: { script: 'true' },
      input: 'none',
      env: {},
      outputs: [],
      okExit: [0],
      retries: 0,
      grace: 10_000,
      maxOutput: 1024 ** 3,
    },
  })
})
