/**
 * A worker whose network is gone in the middle of a task: another one does it, in time; what the first
 * one reports when its network is back is refused and changes nothing.
 */

import { v7 } from 'uuid'
import { expect } from 'vitest'
import { type Box, type Cluster, it, until } from '../e2e/harness.ts'
import { longTask } from '../e2e/work.ts'
import { packSha512 } from '../support/sha512-task.ts'
import { openWire } from './proxy.ts'

const lease = 5000

function startWorker(box: Box, cluster: Cluster, id: string, url: string): void {
  const tokenFile = box.file(`${id}.token`, cluster.workerToken(id))
  const tag = `${cluster.tag}worker:${id}:node-1:${Date.now()}`
  const place = ['--url', url, '--token-file', tokenFile]
  cluster.spawn(['worker', 'run', '--id', id, ...place, '--tag', tag])
}

it('its task is done again, and its late report refused', { timeout: 120_000 }, async ({ box }) => {
  const cluster = box.cluster('faults-cut-off')
  const limits = ['--max-workers', '2', '--lease', `${lease}ms`, '--tick', '50ms']
  await cluster.up('--nodes', '1', ...limits)
  const node = cluster.node('node-1')
  const wire = await openWire(node.url)
  try {
    startWorker(box, cluster, 'far', wire.url)
    const joined = async (id: string) =>
      (await node.getState()).workers.some((worker) => worker.id === id && worker.state === 'idle')
    await until('the far worker has joined', () => joined('far'))
    const id = v7()
    await node.enqueueTasks({ body: packSha512([{ id, ...longTask }]) })
    const runs = async (worker: string, attempt: number) => {
      const task = await node.getTask({ params: { id } })
      return task.state === 'running' && task.worker === worker && task.attempts === attempt
    }
    await until('it has the task', () => runs('far', 1), { every: 5 })
    wire.cut()
    const since = performance.now()
    startWorker(box, cluster, 'near', node.url)

    await until('the near one has the task', () => runs('near', 2))
    expect(performance.now() - since).toBeLessThan(lease + 15_000)
    expect(wire.answers).not.toContain(409)
    wire.mend()
    await until('the late report is refused', () => wire.answers.includes(409))
    await until(
      'it is done',
      async () => (await node.getTask({ params: { id } })).state === 'succeeded',
    )
    const { results } = await node.listResults({ query: { limit: 10 } })
    expect(results).toMatchObject([{ id, result: longTask.result, attempts: 2 }])
    expect(await node.getTask({ params: { id } })).toMatchObject({ worker: 'near', failures: 1 })
    expect((await node.getState()).queue).toMatchObject({ queued: 0, running: 0, succeeded: 1 })
  } finally {
    wire.close()
  }
})
