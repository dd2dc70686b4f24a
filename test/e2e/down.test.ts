/** `tm down` removes a whole cluster, and nothing but that cluster. */

import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { v7 } from 'uuid'
import { describe, expect } from 'vitest'
import type { Task } from '../../src/api/client.ts'
import { packSha512 } from '../support/sha512-task.ts'
import { giveWay } from './give-way.ts'
import { type Box, type Cluster, it, type Running, send, until } from './harness.ts'
import { endless, expected } from './work.ts'

/** Processes that look like ours in every way but the tag. */
function startLookalikes(box: Box, cluster: Cluster): Running[] {
  const asIf = ['node', 'serve', '--cluster', cluster.name, '--id', 'node-1']
  const tags = [
    `x${cluster.tag}worker:w-1:node-1:1`,
    `${cluster.tag.slice(0, -2)}:worker:w-1:node-1:1`,
    `--tag=${cluster.tag}node:node-1::1`,
  ]
  // They end by themselves, should the tests be interrupted.
  const program = ['-e', 'setTimeout(() => {}, 180_000)', '--', ...asIf, '--tag']
  return tags.map((tag) => box.start([process.execPath, ...program, tag]))
}

/** One task in the hands of a worker, one behind it. */
async function workEndlessly(cluster: Cluster): Promise<void> {
  const node = cluster.node('node-1')
  await node.enqueueTasks({ body: packSha512([{ id: v7(), ...endless }]) })
  await until('a task runs', async () => (await node.getState()).queue.running === 1)
  await giveWay(cluster)
  await node.enqueueTasks({ body: packSha512([{ id: v7(), ...endless }]) })
}

describe('tm down', () => {
  it('removes one cluster of two, whatever it does', { timeout: 150_000 }, async ({ box }) => {
    const [one, two] = [box.cluster('e2e-one'), box.cluster('e2e-two')]
    const [up] = await Promise.all([one.up('--max-workers', '1'), two.up('--max-workers', '1')])
    const lookalikes = startLookalikes(box, one)
    await workEndlessly(one)
    const others = await two.processes()

    // Its process is gone, and its id is that of somebody else now.
    const reused = lookalikes[0]?.pid as number
    process.kill(up.nodes[1]?.pid as number, 'SIGKILL')
    const address = { url: up.nodes[1]?.url, pid: reused }
    writeFileSync(join(one.folder, 'nodes/node-2/address.json'), JSON.stringify(address))

    const refused = await one.tm(['down'])
    expect(refused.code).toBe(1)
    expect(refused.stderr).toMatch(/2 tasks not done, whatever is on node-2, which did not answer/)
    expect((await one.processes('node')).map(({ id }) => id)).toEqual(['node-1'])

    const [worker] = await one.processes('worker')
    const { removed, remaining } = await one.down()
    expect(removed.map(({ id }) => id).sort()).toEqual(['node-1', worker?.id])
    expect(remaining).toEqual([])
    expect(await one.processes()).toEqual([])
    expect(existsSync(one.folder)).toBe(false)

    const again = await one.tm(['down', '--yes'])
    expect(again).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('Nothing is left of cluster e2e-one.\n'),
    })
    expect(await one.down()).toEqual({ cluster: 'e2e-one', removed: [], remaining: [] })

    for (const { pid } of lookalikes) expect(send(pid, 0), 'a lookalike lives').toBe(true)
    expect(await two.processes()).toEqual(others)
    const args = ['enqueue', '-n', '2', '--wait', box.file('file', 'still here')]
    const { tasks } = await two.json<{ tasks: Task[] }>(args)
    expect(tasks[0]?.result).toBe(expected('still here', 2))
  })
})
