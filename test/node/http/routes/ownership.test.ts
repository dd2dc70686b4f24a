/**
 * A token speaks for its subject only: every route for workers and siblings is asked about what is
 * another's, and changes nothing. The list is the router's, so that no new route is forgotten.
 */

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { packResults, resultsType } from '../../../../src/api/reports.ts'
import type { Role } from '../../../../src/core/tokens.ts'
import type { JobDefinition } from '../../../../src/kinds/command/job.ts'
import { sha512Task } from '../../../support/sha512-task.ts'
import { createTestNode, type TestNode } from '../../harness.ts'

const id = '01997a5e-4b7e-7cc2-8f6a-000000000001'
const loan = '01997a5e-4b7e-7cc2-8f6a-0000000000aa'
const job = '01997a5e-4b7e-7cc2-8f6a-0000000000bb'
const leases = [{ id, attempt: 1 }]
const said = { slots: 1, running: 0, draining: false }
const foreign = { verdicts: ['foreign'] }
const notIts = { error: { code: 'forbidden' } }

let node: TestNode

/** w1 has joined and holds the task; node-2 has borrowed a place. */
beforeEach(async () => {
  node = await createTestNode({ settings: { maxWorkers: 3 } })
  await send('worker', 'w1')('PUT', '/v1/workers/w1', said)
  await send('worker', 'w2')('PUT', '/v1/workers/w2', said)
  await node.jobs.put(job, { line: 'true', job: {} } as unknown as JobDefinition)
  const task = sha512Task({ id, iterations: 1, body: new Uint8Array(1) })
  await node.queue.enqueue([{ ...task, job }])
  await send('worker', 'w1')('POST', '/v1/leases/claim', { max: 1, maxWork: 1, wait: 0 })
  const lent = await send('node', 'node-2')('GET', `/try_get_node_quota?loan=${loan}`)
  expect(await lent.json()).toMatchObject({ granted: true })
})
afterEach(() => node.close())

const send = (as: Role, subject: string) => (method: string, path: string, body?: object) =>
  body === undefined
    ? node.request(path, { as, subject, method })
    : node.send(method, path, body, { as, subject })
const w2 = (method: string, path: string, body: object) => send('worker', 'w2')(method, path, body)
const node3 = (method: string, path: string) => send('node', 'node-3')(method, path)

/** The same for every sibling, or every worker: there is nothing in it that is one's own. */
const common = new Set([
  'worker POST /v1/leases/claim',
  'worker GET /v1/program',
  'worker GET /v1/setup',
  // Any worker may get a task of any job.
  'worker GET /v1/jobs/{id}',
  'worker GET /v1/shared/{sha256}/{part}',
  // It gets only what is its own.
  'worker POST /v1/leases/watched',
  // What one node has found out holds for the job on all of them.
  'node POST /v1/jobs/{id}/pause',
  'node GET /v1/tasks',
  'node GET /v1/tasks/{id}',
  'node POST /v1/tasks/lookup',
  'node GET /v1/results',
  'node POST /v1/results/pulled',
  'node GET /v1/state',
  'node GET /v1/settings',
])

/** What is asked with another's token, and what is answered. */
const asked: Record<string, [ask: () => Promise<Response>, status: number, answer: object]> = {
  'worker POST /v1/leases/renew': [() => w2('POST', '/v1/leases/renew', { leases }), 403, foreign],
  'worker POST /v1/leases/release': [
    () => w2('POST', '/v1/leases/release', { leases }),
    403,
    foreign,
  ],
  'worker POST /v1/leases/fail': [
    () => w2('POST', '/v1/leases/fail', { reports: [{ id, attempt: 1, error: 'mine' }] }),
    403,
    foreign,
  ],
  'worker POST /v1/leases/complete': [
    () =>
      node.request('/v1/leases/complete', {
        as: 'worker',
        subject: 'w2',
        method: 'POST',
        body: packResults([{ id, attempt: 1, result: new Uint8Array(64) }]),
        headers: { 'content-type': resultsType },
      }),
    403,
    foreign,
  ],
  'worker PUT /v1/leases/{id}/{attempt}/outputs/{part}': [
    () =>
      node.request(`/v1/leases/${id}/1/outputs/0`, {
        as: 'worker',
        subject: 'w2',
        method: 'PUT',
        body: new Uint8Array(3),
        headers: { 'content-type': 'application/octet-stream' },
      }),
    403,
    foreign,
  ],
  'worker PUT /v1/leases/{id}/{attempt}/log': [
    () => {
      const pieces = [{ stream: 'stdout', from: 0, to: 4, text: 'mine' }]
      return w2('PUT', `/v1/leases/${id}/1/log`, { pieces })
    },
    403,
    notIts,
  ],
  'worker PUT /v1/workers/{id}': [
    () => w2('PUT', '/v1/workers/w1', { ...said, draining: true }),
    403,
    notIts,
  ],
  'worker POST /worker_down/{instance_id}': [
    () => w2('POST', '/worker_down/w1', { id: 'w1' }),
    403,
    notIts,
  ],
  'node GET /try_get_node_quota': [
    () => node3('GET', `/try_get_node_quota?loan=${loan}`),
    200,
    { granted: false, reason: 'this loan is lent to another node' },
  ],
  // As if it were not there, so that nobody learns which loans there are.
  'node PUT /v1/loans/{loan}': [() => node3('PUT', `/v1/loans/${loan}`), 404, {}],
  'node DELETE /v1/loans/{loan}': [() => node3('DELETE', `/v1/loans/${loan}`), 200, {}],
}

async function seen() {
  const [task] = await node.queue.lookup([id])
  return { task, workers: node.workers.list(), loans: node.loans.describe() }
}

describe('what is another’s', () => {
  it('is asked about on every route for workers and siblings', async () => {
    const document = (await (await node.request('/openapi.json')).json()) as {
      paths: Record<string, Record<string, { security: { bearer?: Role[] }[] }>>
    }
    const routes = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).flatMap(([method, { security }]) =>
        (security[0]?.bearer ?? [])
          .filter((role) => role !== 'admin')
          .map((role) => `${role} ${method.toUpperCase()} ${path}`),
      ),
    )
    expect(routes.sort()).toEqual([...common, ...Object.keys(asked)].sort())
  })

  it.each(Object.entries(asked))('stays as it is: %s', async (_, [ask, status, answer]) => {
    const before = await seen()
    expect(before).toMatchObject({ task: { state: 'running', worker: 'w1' } })
    expect(before.loans).toMatchObject([{ id: loan, peer: 'node-2' }])
    const response = await ask()
    expect([response.status, await response.json()]).toMatchObject([status, answer])
    expect(await seen()).toEqual(before)
  })
})
