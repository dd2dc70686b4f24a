/** A node that dies with everything it has taken: it comes back, and has lost nothing. */

import { request } from 'node:http'
import { v7 } from 'uuid'
import { describe, expect } from 'vitest'
import type { Task } from '../../src/api/client.ts'
import { packSha512 } from '../support/sha512-task.ts'
import { giveWay } from './give-way.ts'
import { type Box, type Cluster, it, until } from './harness.ts'
import { endless, expected, longTask } from './work.ts'

interface Accepted {
  id: string
  result: string
}

const text = (body: string) => new TextEncoder().encode(body)

/** Enqueues at the node until it is gone. What it acknowledged is its promise. */
function enqueueWithoutEnd(cluster: Cluster, node: string) {
  const client = cluster.node(node)
  const accepted: Accepted[] = []
  async function lane(): Promise<void> {
    for (;;) {
      const id = v7()
      const iterations = 1 + (accepted.length % 50)
      const done = await client
        .enqueueTask({
          query: { iterations },
          headers: { 'idempotency-key': id },
          body: text(id),
        })
        .catch(() => undefined)
      if (!done) return
      accepted.push({ id, result: expected(id, iterations) })
    }
  }
  const ended = Promise.all([lane(), lane(), lane(), lane()])
  return { accepted, ended }
}

async function resultsOf(cluster: Cluster, accepted: Accepted[]): Promise<(string | undefined)[]> {
  const input = accepted.map(({ id }) => id).join('\n')
  const { tasks } = await cluster.json<{ tasks: Task[] }>(['wait', '-'], { input })
  return tasks.map((task) => task.result)
}

describe.concurrent('a killed node', () => {
  it('loses nothing that it has acknowledged', { timeout: 150_000 }, async ({ box }) => {
    const cluster = box.cluster('e2e-nodes')
    const up = await cluster.up('--max-workers', '1', '--lease', '3s', '--tick', '50ms')

    // Both workers have enough to do: what else waits at node-1 stays there.
    const [here, there] = [v7(), v7()]
    await cluster.node('node-1').enqueueTasks({ body: packSha512([{ id: here, ...endless }]) })
    await cluster.node('node-2').enqueueTasks({ body: packSha512([{ id: there, ...endless }]) })
    await Promise.all([untilRuns(cluster, 'node-1', here), untilRuns(cluster, 'node-2', there)])
    await giveWay(cluster)
    const stream = enqueueWithoutEnd(cluster, 'node-1')
    await until('100 tasks are acknowledged', () => stream.accepted.length >= 100)
    const { queue } = await cluster.node('node-1').getState()
    expect(queue).toMatchObject({ running: 1, succeeded: 0 })
    expect(queue.queued).toBeGreaterThanOrEqual(100)
    process.kill(up.nodes[0]?.pid as number, 'SIGKILL')
    await stream.ended

    await namesWhatIsGone(cluster)
    const elsewhere = await goesToTheOther(cluster, box)
    const again = await cluster.up()
    expect(again.nodes[1]).toEqual(up.nodes[1])
    expect(again.nodes[0]?.url).toBe(up.nodes[0]?.url)
    expect(again.nodes[0]?.pid).not.toBe(up.nodes[0]?.pid)
    expect((await cluster.health()).healthy).toBe(true)

    await untilRuns(cluster, 'node-1', here)
    await cluster.node('node-1').cancelTask({ params: { id: here } })
    await cluster.node('node-2').cancelTask({ params: { id: there } })
    const all = [...stream.accepted, ...elsewhere]
    expect(await resultsOf(cluster, all)).toEqual(all.map(({ result }) => result))
    const states = await Promise.all(up.nodes.map(({ id }) => cluster.node(id).getState()))
    const count = states.reduce((sum, { queue }) => sum + queue.succeeded, 0)
    // A task whose acknowledgement was lost with the node may be there too: one a lane.
    expect(count).toBeGreaterThanOrEqual(all.length)
    expect(count).toBeLessThanOrEqual(all.length + 4)
  })

  it('on its way out is started again by `tm up`', { timeout: 120_000 }, async ({ box }) => {
    const cluster = box.cluster('e2e-stopping')
    const up = await cluster.up('--nodes', '1')
    const pid = up.nodes[0]?.pid as number
    // A request that never comes to its end holds a stopping node up for 5 s.
    const headers = { authorization: `Bearer ${cluster.adminToken()}`, 'content-length': 9 }
    const unfinished = request(`${up.nodes[0]?.url}/enqueue?iterations=1`, {
      method: 'PUT',
      headers,
    })
    unfinished.on('error', () => {})
    await new Promise((resolve) => unfinished.write('half', resolve))
    process.kill(pid, 'SIGTERM')
    const { code, stdout } = await cluster.tm(['up', '--local', '--json'])
    expect(code, stdout).toBe(0)
    expect(JSON.parse(stdout).nodes[0]?.pid).not.toBe(pid)
    expect((await cluster.health()).healthy).toBe(true)
  })

  it('that drains is started again by `tm up`', { timeout: 120_000 }, async ({ box }) => {
    const cluster = box.cluster('e2e-draining')
    const up = await cluster.up('--nodes', '1')
    // As after a `tm down` that was broken off.
    await cluster.node('node-1').drain()
    expect((await cluster.health(1)).healthy).toBe(false)
    const again = await cluster.up()
    expect(again.nodes[0]?.pid).not.toBe(up.nodes[0]?.pid)
    expect((await cluster.health()).healthy).toBe(true)
  })

  it('is found again by its worker, with the result', { timeout: 120_000 }, async ({ box }) => {
    const cluster = box.cluster('e2e-outlived')
    const up = await cluster.up('--nodes', '1', '--max-workers', '1')
    const id = v7()
    await cluster.node('node-1').enqueueTasks({ body: packSha512([{ id, ...longTask }]) })
    await untilRuns(cluster, 'node-1', id)
    process.kill(up.nodes[0]?.pid as number, 'SIGKILL')
    const workers = await cluster.processes('worker')
    expect(workers).toHaveLength(1)
    await cluster.up()
    const [task] = (await cluster.json<{ tasks: Task[] }>(['wait', id])).tasks
    // The same attempt: a lease of 30 s outlasts a restart.
    expect(task).toMatchObject({ result: longTask.result, attempts: 1, worker: workers[0]?.id })
    expect(await cluster.processes('worker')).toEqual(workers)
  })

  it('takes the worker in a lent place with it', { timeout: 120_000 }, async ({ box }) => {
    const cluster = box.cluster('e2e-borrower')
    const patience = ['--loan', '6s', '--lease', '3s', '--tick', '100ms']
    const up = await cluster.up('--max-workers', '1', ...patience)
    const ids = [v7(), v7(), v7()]
    for (const id of ids)
      await cluster.node('node-1').enqueueTasks({ body: packSha512([{ id, ...endless }]) })
    await until('node-1 has a second worker, in a place of node-2', async () => {
      const [borrower, lender] = [cluster.node('node-1'), cluster.node('node-2')]
      const { queue } = await borrower.getState()
      return queue.running === 2 && (await lender.getState()).limit.lent === 1
    })
    await giveWay(cluster)
    process.kill(up.nodes[0]?.pid as number, 'SIGKILL')
    // Its own worker waits for it, as it does for any restart.
    await until('one worker is left', async () => {
      return (await cluster.processes('worker')).length === 1
    })
    const lender = cluster.node('node-2')
    await until('the place is free', async () => (await lender.getState()).limit.lent === 0)
    await lender.enqueueTasks({ body: packSha512([{ id: v7(), ...endless }]) })
    await until('node-2 works in it', async () => (await lender.getState()).queue.running === 1)
    expect((await cluster.processes('worker')).map(({ id }) => id.slice(0, 6)).sort()).toEqual([
      'node-1',
      'node-2',
    ])
  })
})

async function untilRuns(cluster: Cluster, node: string, id: string): Promise<void> {
  await until(`the task of ${node} runs`, async () => {
    return (await cluster.node(node).getTask({ params: { id } })).state === 'running'
  })
}

async function namesWhatIsGone(cluster: Cluster): Promise<void> {
  const { healthy, nodes } = await cluster.health(1)
  expect(healthy).toBe(false)
  expect(nodes).toMatchObject([
    { id: 'node-1', healthy: false, problems: [expect.stringMatching(/its process is gone/)] },
    { id: 'node-2', healthy: true, problems: [] },
  ])
  const shown = await cluster.tm(['health'])
  expect(shown).toMatchObject({ code: 1, stdout: expect.stringMatching(/is not healthy/) })
  expect(shown.stdout).toMatch(/● node-1 .*\n +problem +its process is gone.*tm up --local/)
}

/** All of a batch is taken by the node that is there, and it is said which one was left out. */
async function goesToTheOther(cluster: Cluster, box: Box): Promise<Accepted[]> {
  const files = Array.from({ length: 10 }, (_, n) => box.file(`while-down-${n}`, `down ${n}`))
  const { code, stdout, stderr } = await cluster.tm(['enqueue', '-n', '7', ...files])
  expect({ code, stderr }).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(/node-1 is left out/),
  })
  const ids = stdout.trim().split('\n')
  expect(ids).toHaveLength(10)
  const found = await cluster
    .node('node-2')
    .lookupTasks({ json: { ids } })
    .then(({ tasks }) => tasks)
  expect(found.map(({ id }) => id).sort()).toEqual([...ids].sort())
  return ids.map((id, n) => ({ id, result: expected(`down ${n}`, 7) }))
}
