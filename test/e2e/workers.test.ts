/** Workers that die, leave, or fall asleep in the middle of a task: it is done again, and once. */

import { chmodSync } from 'node:fs'
import { v7 } from 'uuid'
import { describe, expect } from 'vitest'
import type { Result, Task } from '../../src/api/client.ts'
import { packResults, resultsType } from '../../src/api/reports.ts'
import { packSha512 } from '../support/sha512-task.ts'
import { type Box, type Cluster, it, type Running, send, until } from './harness.ts'
import { endless, expected, longTask, shorterTask } from './work.ts'

const lease = 2000
const quick = ['--nodes', '1', '--lease', `${lease}ms`, '--tick', '50ms']

async function untilRuns(cluster: Cluster, id: string, attempt: number): Promise<Task> {
  return await until(`attempt ${attempt} of the task, or a later one, runs`, async () => {
    const task = await cluster.node('node-1').getTask({ params: { id } })
    return task.state === 'running' && task.attempts >= attempt && task
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
    const { workers } = await cluster.node('node-1').getState()
    return workers.some((worker) => worker.id === id && worker.state === 'idle')
  })
}

async function onlyResultIs(cluster: Cluster, id: string): Promise<Result> {
  const { results } = await cluster.json<{ results: Result[] }>(['pull', '--top', '10'])
  expect(results).toHaveLength(1)
  expect(results[0]).toMatchObject({ id, result: longTask.result })
  return results[0] as Result
}

/** What a worker would send that does not know that it is too late. */
async function reportLate(cluster: Cluster, id: string, worker: string): Promise<void> {
  const node = cluster.node('node-1')
  const before = await node.getTask({ params: { id } })
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
  expect(await node.getTask({ params: { id } })).toEqual(before)
}

// One after the other: a worker's main thread gives way to its slots, and with four busy clusters on
// two cores it would be too late for leases of two seconds.
describe('a worker', () => {
  it('killed: another one does its task', { timeout: 180_000 }, async ({ box }) => {
    const cluster = box.cluster('e2e-killed')
    await cluster.up(...quick, '--max-workers', '1')
    const id = v7()
    await cluster.node('node-1').enqueueTasks({ body: packSha512([{ id, ...longTask }]) })
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
    const { attempts } = await onlyResultIs(cluster, id)
    const { failures } = await cluster.node('node-1').getTask({ params: { id } })
    expect(failures).toBe(attempts - 1)
  })

  it('told to stop: finishes or hands back, and exits 0', { timeout: 180_000 }, async ({ box }) => {
    const cluster = box.cluster('e2e-stopped')
    await cluster.up('--nodes', '1', '--max-workers', '1', '--tick', '50ms', '--lease', '9s')
    const node = cluster.node('node-1')
    const worker = startWorker(box, cluster, 'leaver', '--slots', '2')
    await untilJoined(cluster, 'leaver')
    const [never, soon] = [v7(), v7()]
    await node.enqueueTasks({ body: packSha512([{ id: never, ...endless }]) })
    await untilRuns(cluster, never, 1)
    await node.enqueueTasks({ body: packSha512([{ id: soon, ...shorterTask }]) })
    await until(
      'the second slot has its task',
      async () => (await node.getTask({ params: { id: soon } })).attempts > 0,
    )

    send(worker.pid, 'SIGTERM')
    const ended = await worker.ended
    expect(ended, ended.stdout).toMatchObject({ code: 0, signal: null })
    const { workers } = await node.getState()
    expect(workers.map(({ id }) => id)).not.toContain('leaver')
    // Handed back: an expired lease would count as a failure.
    const again = await untilRuns(cluster, never, 2)
    expect(again.failures).toBe(0)
    expect(again.worker).not.toBe('leaver')
    await node.cancelTask({ params: { id: never } })
    await cluster.json(['wait', soon])
    const { result } = shorterTask
    expect(await node.getTask({ params: { id: soon } })).toMatchObject({
      state: 'succeeded',
      failures: 0,
      result,
    })
  })

  it('idle: exits 0 and is gone', { timeout: 180_000 }, async ({ box }) => {
    const cluster = box.cluster('e2e-idle')
    await cluster.up('--nodes', '1', '--tick', '50ms', '--idle-timeout', '300ms')
    const worker = startWorker(box, cluster, 'idler')
    const ended = await worker.ended
    expect(ended, ended.stdout).toMatchObject({ code: 0, signal: null })
    expect((await cluster.node('node-1').getState()).workers).toEqual([])
    expect(await cluster.processes('worker')).toEqual([])
  })

  it('asleep past its lease: the task has one result', { timeout: 180_000 }, async ({ box }) => {
    const cluster = box.cluster('e2e-asleep')
    await cluster.up(...quick, '--max-workers', '2')
    for (const worker of ['a', 'b']) startWorker(box, cluster, worker)
    for (const worker of ['a', 'b']) await untilJoined(cluster, worker)
    const id = v7()
    await cluster.node('node-1').enqueueTasks({ body: packSha512([{ id, ...longTask }]) })
    const first = await untilRuns(cluster, id, 1)
    const processes = await cluster.processes('worker')
    const sleeper = processes.find((worker) => worker.id === first.worker)?.pid as number
    send(sleeper, 'SIGSTOP')

    const since = performance.now()
    const second = await untilRuns(cluster, id, 2)
    expect(performance.now() - since).toBeLessThan(lease + 15_000)
    expect(second.worker).not.toBe(first.worker)
    await reportLate(cluster, id, first.worker as string)
    send(sleeper, 'SIGCONT')
    await cluster.json(['wait', id])
    await onlyResultIs(cluster, id)

    // Nothing is stuck: the cluster works on.
    const file = box.file('next', 'next')
    const args = ['enqueue', '-n', '3', '--wait', file]
    const { tasks } = await cluster.json<{ tasks: Task[] }>(args)
    expect(tasks[0]?.result).toBe(expected('next', 3))
  })
})
