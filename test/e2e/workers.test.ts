/** Workers that die, leave, or fall asleep in the middle of a task: it is done again, and once. */

import { chmodSync } from 'node:fs'
import { v7 } from 'uuid'
import { describe, expect } from 'vitest'
import { packResults, resultsType } from '../../src/core/reports.ts'
import type { Result, Task } from '../../src/core/task.ts'
import { type Box, type Cluster, it, type Running, send, until } from './harness.ts'
import { endless, expected, longTask, shorterTask } from './work.ts'

const lease = 2000
const quick = ['--nodes', '1', '--lease', `${lease}ms`, '--tick', '50ms']

async function untilRuns(cluster: Cluster, id: string, attempt: number): Promise<Task> {
  return await until(`attempt ${attempt} of the task runs`, async () => {
    const task = await cluster.node('node-1').task(id)
    return task.state === 'running' && task.attempts === attempt && task
  })
}

/** A worker that the test starts, tagged as if its node had. */
function startWorker(box: Box, cluster: Cluster, id: string, ...flags: string[]): Running {
  const tokenFile = box.file(`${id}.token`, cluster.workerToken(id))
  chmodSync(tokenFile, 0o600)
  const tag = `${cluster.tag}worker:${id}:node-1:${Date.now()}`
  const place = ['--url', cluster.node('node-1').url, '--token-file', tokenFile]
  return cluster.spawn(['worker', 'run', '--id', id, ...place, '--tag', tag, ...flags])
}

async function untilJoined(cluster: Cluster, id: string): Promise<void> {
  await until(`${id} has joined`, async () => {
    const { workers } = await cluster.node('node-1').state()
    return workers.some((worker) => worker.id === id && worker.state === 'idle')
  })
}

async function onlyResultIs(cluster: Cluster, id: string, wanted: Partial<Result>): Promise<void> {
  const { results } = await cluster.json<{ results: Result[] }>(['pull', '--top', '10'])
  expect(results).toHaveLength(1)
  expect(results[0]).toMatchObject({ id, result: longTask.result, ...wanted })
}

/** What a worker would send that does not know that it is too late. */
async function reportLate(cluster: Cluster, id: string, worker: string): Promise<void> {
  const node = cluster.node('node-1')
  const before = await node.task(id)
  const wrong = { id, attempt: 1, result: new Uint8Array(64) }
  const answer = await fetch(`${node.url}/v1/leases/complete`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${cluster.workerToken(worker)}`,
      'content-type': resultsType,
    },
    body: packResults([wrong]),
  })
  expect(answer.status).toBe(409)
  expect(await answer.json()).toEqual({ verdicts: ['lost'] })
  expect(await node.task(id)).toEqual(before)
}

describe.concurrent('a worker', () => {
  it('killed: another one does its task', { timeout: 180_000 }, async ({ box }) => {
    const cluster = box.cluster('e2e-killed')
    await cluster.up(...quick, '--max-workers', '1')
    const id = v7()
    await cluster.node('node-1').enqueue({ id, ...longTask })
    const first = await untilRuns(cluster, id, 1)
    const [victim] = await cluster.processes('worker')
    expect(victim?.id).toBe(first.worker)
    process.kill(victim?.pid as number, 'SIGKILL')

    const since = performance.now()
    const second = await untilRuns(cluster, id, 2)
    expect(performance.now() - since).toBeLessThan(lease + 15_000)
    expect(second.worker).not.toBe(first.worker)
    await reportLate(cluster, id, first.worker as string)
    await cluster.json(['wait', id])
    await reportLate(cluster, id, first.worker as string)
    await onlyResultIs(cluster, id, { attempts: 2 })
    expect((await cluster.node('node-1').task(id)).failures).toBe(1)
  })

  it('told to stop: finishes or hands back, and exits 0', { timeout: 180_000 }, async ({ box }) => {
    const cluster = box.cluster('e2e-stopped')
    await cluster.up('--nodes', '1', '--max-workers', '1', '--tick', '50ms', '--lease', '9s')
    const node = cluster.node('node-1')
    const worker = startWorker(box, cluster, 'leaver', '--slots', '2')
    await untilJoined(cluster, 'leaver')
    const [never, soon] = [v7(), v7()]
    await node.enqueue({ id: never, ...endless })
    await untilRuns(cluster, never, 1)
    await node.enqueue({ id: soon, ...shorterTask })
    await until('the second slot has its task', async () => (await node.task(soon)).attempts > 0)

    send(worker.pid, 'SIGTERM')
    const ended = await worker.ended
    expect(ended, ended.stdout).toMatchObject({ code: 0, signal: null })
    const { workers } = await node.state()
    expect(workers.map(({ id }) => id)).not.toContain('leaver')
    // Handed back: an expired lease would count as a failure.
    const again = await untilRuns(cluster, never, 2)
    expect(again.failures).toBe(0)
    expect(again.worker).not.toBe('leaver')
    await node.cancel(never)
    await cluster.json(['wait', soon])
    const { result } = shorterTask
    expect(await node.task(soon)).toMatchObject({ state: 'succeeded', failures: 0, result })
  })

  it('idle: exits 0 and is gone', { timeout: 180_000 }, async ({ box }) => {
    const cluster = box.cluster('e2e-idle')
    await cluster.up('--nodes', '1', '--tick', '50ms', '--idle-timeout', '300ms')
    const worker = startWorker(box, cluster, 'idler')
    const ended = await worker.ended
    expect(ended, ended.stdout).toMatchObject({ code: 0, signal: null })
    expect((await cluster.node('node-1').state()).workers).toEqual([])
    expect(await cluster.processes('worker')).toEqual([])
  })

  it('asleep past its lease: the task has one result', { timeout: 180_000 }, async ({ box }) => {
    const cluster = box.cluster('e2e-asleep')
    await cluster.up(...quick, '--max-workers', '2')
    const workers = ['a', 'b'].map((id) => ({ id, ...startWorker(box, cluster, id) }))
    for (const { id } of workers) await untilJoined(cluster, id)
    const id = v7()
    await cluster.node('node-1').enqueue({ id, ...longTask })
    const first = await untilRuns(cluster, id, 1)
    const sleeper = workers.find((worker) => worker.id === first.worker)?.pid as number
    send(sleeper, 'SIGSTOP')

    const since = performance.now()
    const second = await untilRuns(cluster, id, 2)
    expect(performance.now() - since).toBeLessThan(lease + 15_000)
    expect(second.worker).not.toBe(first.worker)
    await reportLate(cluster, id, first.worker as string)
    send(sleeper, 'SIGCONT')
    await cluster.json(['wait', id])
    await onlyResultIs(cluster, id, { attempts: 2 })

    // Nothing is stuck: the cluster works on.
    const file = box.file('next', 'next')
    const args = ['enqueue', '-n', '3', '--wait', file]
    const { tasks } = await cluster.json<{ tasks: Task[] }>(args)
    expect(tasks[0]?.result).toBe(expected('next', 3))
  })
})
