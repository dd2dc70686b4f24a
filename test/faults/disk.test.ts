/**
 * A real node on a disk that is full: 507 and nothing acknowledged, everything can be read, and it
 * takes tasks again by itself once there is room. On one that can't be written it says so and ends.
 */

import { chmodSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { v7 } from 'uuid'
import { expect, type TestContext } from 'vitest'
import { type Box, type Cluster, it } from '../e2e/harness.ts'
import { mountTinyDisk, type TinyDisk } from '../node/store/tiny-disk.ts'
import { packSha512 } from '../support/sha512-task.ts'
import { type ServingNode, serve } from './serve.ts'

const tm = fileURLToPath(new URL('../../bin/run.js', import.meta.url))
/** It does not look at its disk meanwhile, and so has no reason to be careful. */
const noWorkers = ['--max-workers', '0', '--tick', '60s']

/** Gives the test a cluster whose nodes lie on a disk of 4 MiB, and ends what runs there. */
async function onTinyDisk(
  box: Box,
  context: Pick<TestContext, 'skip'>,
  use: (cluster: Cluster, disk: TinyDisk, start: () => Promise<ServingNode>) => Promise<void>,
): Promise<void> {
  const disk = mountTinyDisk('4m')
  if ('why' in disk) {
    const reason = `not shown, for there is no tiny disk to fill: ${disk.why}`
    process.stderr.write(`SKIPPED a node on a full disk: ${reason}\n`)
    return context.skip(reason)
  }
  const nodes: ServingNode[] = []
  const cluster = box.cluster('faults-disk')
  mkdirSync(cluster.folder, { recursive: true, mode: 0o700 })
  symlinkSync(disk.folder, join(cluster.folder, 'nodes'))
  const start = async () => {
    const node = await serve(box, cluster, 'node-1', ...noWorkers)
    nodes.push(node)
    return node
  }
  try {
    await use(cluster, disk, start)
  } finally {
    for (const node of nodes) await node.kill()
    disk.remove()
  }
}

async function put(node: ServingNode, id: string, body: Uint8Array<ArrayBuffer>) {
  const headers = { authorization: `Bearer ${node.token}`, 'idempotency-key': id }
  return await fetch(`${node.url}/enqueue?iterations=1`, { method: 'PUT', headers, body })
}

/** Sends tasks of 64 KiB until one is refused: what was acknowledged, and the refusal. */
async function fill(node: ServingNode) {
  const acknowledged: string[] = []
  for (;;) {
    const id = v7()
    const answer = await put(node, id, new Uint8Array(65_536).fill(acknowledged.length))
    if (answer.status !== 201) return { acknowledged, refused: id, answer }
    acknowledged.push(id)
    expect(acknowledged.length, 'the disk does not get full').toBeLessThan(1000)
  }
}

it('full: answers 507, is read, recovers', { timeout: 90_000 }, async ({ box, skip }) => {
  await onTinyDisk(box, { skip }, async (_cluster, disk, start) => {
    const node = await start()
    const { acknowledged, refused, answer } = await fill(node)
    expect(answer.status).toBe(507)
    expect(await answer.json()).toMatchObject({ error: { code: 'storage_full' } })
    expect(acknowledged.length).toBeGreaterThan(5)
    const many = node.client.enqueueTasks({
      body: packSha512([{ id: v7(), iterations: 1, body: new Uint8Array(200_000) }]),
    })
    await expect(many).rejects.toMatchObject({ code: 'storage_full' })

    const { tasks } = await node.client.listTasks({ query: { limit: 1000, cursor: 0 } })
    expect(tasks.map(({ id }) => id)).toEqual(acknowledged)
    await expect(node.client.getTask({ params: { id: refused } })).rejects.toMatchObject({
      code: 'not_found',
    })
    const state = await node.client.getState()
    expect(state).toMatchObject({ id: 'node-1', queue: { queued: acknowledged.length } })

    disk.remount('size=16m')
    expect((await put(node, refused, new Uint8Array(65_536))).status).toBe(201)
    // And nothing of it is only in memory.
    await node.kill()
    const again = await start()
    const { queue } = await again.client.getState()
    expect(queue.queued).toBe(acknowledged.length + 1)
  })
})

it('read-only: says so and ends', { timeout: 60_000 }, async ({ box, skip }) => {
  await onTinyDisk(box, { skip }, async (cluster, disk, start) => {
    const node = await start()
    await node.client.enqueueTask({ query: { iterations: 1 }, body: new Uint8Array(9) })
    await node.kill()
    disk.remount('ro')
    const { code, stderr } = await cluster.tm(['node', 'serve', ...noWorkers])
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /queue\.db can't be opened for writing.*→ Check the permissions/s,
      ),
    })
    disk.remount('rw')
    const again = await start()
    expect((await again.client.getState()).queue.queued).toBe(1)
  })
})

it('not permitted: says so and ends', { timeout: 60_000 }, async ({ box }) => {
  const cluster = box.cluster('faults-permission')
  const node = await serve(box, cluster, 'node-1', ...noWorkers)
  await node.kill()
  const file = join(cluster.folder, 'nodes/node-1/queue.db')
  chmodSync(file, 0o400)
  // Root may write everything, but for this.
  const likeOthers = ['setpriv', '--bounding-set', '-dac_override,-dac_read_search', '--']
  const asUser = process.getuid?.() === 0 ? likeOthers : []
  const command = [...asUser, process.execPath, tm, 'node', 'serve', ...noWorkers]
  const { code, stderr } = await box.start(command, { TM_CLUSTER: cluster.name }).ended
  expect({ code, stderr }).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(
      /queue\.db can't be opened for writing.*→ Check the permissions/s,
    ),
  })
  chmodSync(file, 0o600)
  await serve(box, cluster, 'node-1', ...noWorkers)
})
