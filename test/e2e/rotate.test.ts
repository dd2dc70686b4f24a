/** `tm rotate-tokens`: everybody works on with new tokens, and the old ones are worth nothing. */
import { statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { v7 } from 'uuid'
import { describe, expect } from 'vitest'
import type { RotateResult } from '../../src/cli/cluster/rotate-tokens.ts'
import { isLong } from '../faults/chance.ts'
import { packSha512 } from '../support/sha512-task.ts'
import { type Cluster, it, until } from './harness.ts'
import { expected } from './work.ts'

const timings = ['--scale-after', '200ms', '--tick', '100ms', '--lease', '3s', '--loan', '3s']

/** Tasks to all nodes, and their results, with the tokens of this moment. */
async function work(cluster: Cluster): Promise<void> {
  for (const node of ['node-1', 'node-2']) {
    const id = v7()
    const body = new Uint8Array(Buffer.from(id))
    await cluster.node(node).enqueueTasks({ body: packSha512([{ id, iterations: 2, body }]) })
    const done = await until('a result', async () => {
      const { result } = await cluster.node(node).getTask({ params: { id } })
      return result
    })
    expect(done).toBe(expected(id, 2))
  }
}

const token = async (cluster: Cluster) => (await cluster.tm(['token'])).stdout.trim()

async function statusWith(cluster: Cluster, bearer: string): Promise<number[]> {
  const { nodes } = await cluster.health()
  const headers = { authorization: `Bearer ${bearer}` }
  const answers = await Promise.all(nodes.map(({ url }) => fetch(`${url}/v1/state`, { headers })))
  return answers.map(({ status }) => status)
}

describe('new tokens', () => {
  it('reach all who work, without a pause', { timeout: 120_000 }, async ({ box }) => {
    const cluster = box.cluster('rotated')
    await cluster.up('--max-workers', '1', ...timings)
    await work(cluster)
    const workers = await cluster.processes('worker')
    expect(workers.length).toBeGreaterThan(0)
    const old = await token(cluster)
    const oldWorker = cluster.workerToken(workers[0]?.id ?? '')

    const { left } = await cluster.json<RotateResult>(['rotate-tokens'])
    expect(left).toEqual([])
    expect(await token(cluster)).not.toBe(old)
    expect(await statusWith(cluster, old)).toEqual([401, 401])
    expect(await statusWith(cluster, oldWorker)).toEqual([401, 401])
    expect(await statusWith(cluster, await token(cluster))).toEqual([200, 200])
    expect(statSync(`${cluster.folder}/secret`).mode & 0o777).toBe(0o600)
    await work(cluster)
    // The same processes: nobody had to be replaced.
    expect(await cluster.processes('worker')).toEqual(workers)
    expect(cluster.log('node-1', 'audit').at(-1)).toMatchObject({
      who: 'admin rotated',
      what: 'PUT /v1/secret',
      from: '127.0.0.1',
      status: 200,
    })

    // A node that starts again has them too.
    const [node] = await cluster.processes('node')
    process.kill(node?.pid ?? 0, 'SIGKILL')
    await cluster.up()
    await work(cluster)
    expect(await statusWith(cluster, old)).toEqual([401, 401])
  })

  it('killed at any moment, are there after another run', { timeout: 120_000 }, async ({ box }) => {
    const cluster = box.cluster('broken-off')
    await cluster.up('--max-workers', '1', ...timings)
    await work(cluster)
    const first = await token(cluster)
    for (const after of isLong ? [200, 250, 300, 350, 400, 450, 500, 600] : [300, 450]) {
      const running = cluster.spawn(['rotate-tokens'])
      await sleep(after)
      running.child.kill('SIGKILL')
      await running.ended
      // Whatever came of it: this machine is not locked out.
      await work(cluster)
    }
    const { left } = await cluster.json<RotateResult>(['rotate-tokens'])
    expect(left).toEqual([])
    expect(await statusWith(cluster, first)).toEqual([401, 401])
    await work(cluster)
  })

  it('are not begun with while a node is away', { timeout: 120_000 }, async ({ box }) => {
    const cluster = box.cluster('half')
    await cluster.up('--max-workers', '0', ...timings)
    const old = await token(cluster)
    const [, second] = await cluster.processes('node')
    process.kill(second?.pid ?? 0, 'SIGKILL')
    const { code, stderr } = await cluster.tm(['rotate-tokens'])
    expect(code).toBe(1)
    expect(stderr).toContain('does not accept the new tokens yet')
    expect(await token(cluster)).toBe(old)
    await cluster.up()
    expect((await cluster.tm(['rotate-tokens'])).code).toBe(0)
    expect(await statusWith(cluster, old)).toEqual([401, 401])
  })
})
