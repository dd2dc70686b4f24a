/** Tasks that can't be done: given up with a reason, out of the way of the others, tried again. */

import { v7 } from 'uuid'
import { describe, expect } from 'vitest'
import type { Task } from '../../src/api/client.ts'
import { unpackLeases } from '../../src/api/leases.ts'
import type { Lease } from '../../src/core/task.ts'
import { packSha512, sha512Task } from '../support/sha512-task.ts'
import { type Cluster, it, until } from './harness.ts'
import { expected } from './work.ts'

const body = new TextEncoder().encode('never works')

/** A worker that only the test moves: the next lease, whenever it is due. */
function byHand(cluster: Cluster) {
  const client = cluster.workerClient('node-1', 'by-hand')
  return {
    client,
    claim: async (): Promise<Lease> => {
      const wish = { max: 1, maxWork: 1, wait: 1000, running: 0 }
      return await until(
        'a lease',
        async () => unpackLeases(await client.claimLeases({ json: wish }))[0],
      )
    },
  }
}

describe('a task whose attempts are used up', () => {
  it('is failed, and the queue goes on', { timeout: 120_000 }, async ({ box }) => {
    const cluster = box.cluster('e2e-failures')
    const attempts = ['--max-attempts', '3', '--lease', '500ms', '--tick', '50ms']
    await cluster.up('--nodes', '1', '--max-workers', '0', ...attempts)
    const node = cluster.node('node-1')
    const worker = byHand(cluster)

    // Every attempt's lease expires.
    const [silent, broken] = [v7(), v7()]
    await node.enqueueTasks({ body: packSha512([sha512Task({ id: silent, iterations: 2, body })]) })
    for (const attempt of [1, 2, 3])
      expect(await worker.claim()).toMatchObject({ id: silent, attempt })
    await until(
      'it is failed',
      async () => (await node.getTask({ params: { id: silent } })).state === 'failed',
    )
    expect(await node.getTask({ params: { id: silent } })).toMatchObject({
      attempts: 3,
      failures: 3,
    })

    // Every attempt fails, but for one whose lease expires.
    await node.changeSettings({ json: { lease: 60_000 } })
    await node.enqueueTasks({ body: packSha512([sha512Task({ id: broken, iterations: 2, body })]) })
    await worker.claim()
    await worker.client.failLeases({
      json: { reports: [{ id: broken, attempt: 1, error: 'no' }] },
    })
    await node.changeSettings({ json: { lease: 500 } })
    expect(await worker.claim()).toMatchObject({ id: broken, attempt: 2 })
    await node.changeSettings({ json: { lease: 60_000 } })
    expect(await worker.claim()).toMatchObject({ id: broken, attempt: 3 })
    await worker.client.failLeases({
      json: { reports: [{ id: broken, attempt: 3, error: 'the disk is on fire' }] },
    })
    expect((await node.getTask({ params: { id: broken } })).state).toBe('failed')

    await tellsWhy(cluster, silent, /worker by-hand did not renew its lease.*\(3 failed attempts\)/)
    await tellsWhy(cluster, broken, /the disk is on fire \(3 failed attempts\)/)

    // A worker that can do it.
    await cluster.up('--max-workers', '1')
    const file = box.file('good', 'the next one')
    const { tasks } = await cluster.json<{ tasks: Task[] }>(['enqueue', '-n', '5', '--wait', file])
    expect(tasks[0]).toMatchObject({ state: 'succeeded', result: expected('the next one', 5) })
    expect((await node.getState()).queue).toMatchObject({ queued: 0, running: 0, failed: 2 })

    expect(await node.retryTask({ params: { id: broken } })).toMatchObject({
      state: 'queued',
      failures: 0,
    })
    const retried = await cluster.json<{ tasks: Task[] }>(['wait', broken])
    expect(retried.tasks[0]).toMatchObject({
      state: 'succeeded',
      attempts: 4,
      result: expected(body, 2),
    })
    expect(retried.tasks[0]).not.toHaveProperty('error')
    await expect(node.retryTask({ params: { id: broken } })).rejects.toThrow(/only a failed task/)
  })
})

async function tellsWhy(cluster: Cluster, id: string, why: RegExp): Promise<void> {
  const { tasks } = await cluster.json<{ tasks: Task[] }>(['wait', id], { code: 1 })
  expect(tasks).toMatchObject([{ id, state: 'failed', error: expect.stringMatching(why) }])
  const shown = await cluster.tm(['wait', id])
  expect(shown).toMatchObject({ code: 1, stdout: expect.stringMatching(why) })
  expect(shown.stdout.split('\t').slice(0, 3)).toEqual([id, '', 'failed'])
}
