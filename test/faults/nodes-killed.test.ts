/**
 * A real node, killed in the middle of bulk enqueues over HTTP, started again on what it left, and
 * killed again: each request is there as a whole or not at all, and all that were answered.
 */

import { v7 } from 'uuid'
import { expect } from 'vitest'
import { it, until } from '../e2e/harness.ts'
import { packSha512, sha512Task } from '../support/sha512-task.ts'
import { chanceOf, isLong, newSeed } from './chance.ts'
import { type ServingNode, serve } from './serve.ts'

const lives = isLong ? 40 : 4
const lanes = 4

interface Batch {
  ids: string[]
  acknowledged: boolean
}

/** Sends until the node is gone. */
async function enqueueForever({ client }: ServingNode, batches: Batch[]): Promise<void> {
  for (let size = 1; ; size = (size % 60) + 7) {
    const batch: Batch = { ids: Array.from({ length: size }, () => v7()), acknowledged: false }
    batches.push(batch)
    const body = new TextEncoder().encode('x'.repeat(size * 20))
    const tasks = batch.ids.map((id) => sha512Task({ id, iterations: 1, body }))
    const answer = await client.enqueueTasks({ body: packSha512(tasks) }).catch(() => undefined)
    if (!answer) return
    expect(answer.tasks.map(({ outcome }) => outcome)).toEqual(batch.ids.map(() => 'created'))
    batch.acknowledged = true
  }
}

async function check({ client }: ServingNode, batches: Batch[]): Promise<void> {
  const there = new Set<string>()
  for (let from = 0; from < batches.length; from += 10) {
    const ids = batches.slice(from, from + 10).flatMap((batch) => batch.ids)
    for (const task of (await client.lookupTasks({ json: { ids } })).tasks) there.add(task.id)
  }
  for (const { ids, acknowledged } of batches) {
    const count = ids.filter((id) => there.has(id)).length
    const allowed = acknowledged ? [ids.length] : [0, ids.length]
    expect(allowed, `tasks of one request of ${ids.length}`).toContain(count)
  }
}

it('loses no request that it has answered', { timeout: 600_000 }, async ({ box }) => {
  const chance = chanceOf(newSeed())
  const cluster = box.cluster('faults-killed')
  const all: Batch[] = []
  let batches: Batch[] = []
  for (let life = 0; life < lives; life += 1) {
    const node = await serve(box, cluster, 'node-1', '--max-workers', '0')
    await check(node, batches)
    const sent: Batch[] = []
    batches = sent
    const sending = Promise.all(Array.from({ length: lanes }, () => enqueueForever(node, sent)))
    const enough = 1 + chance.below(60)
    await until(
      'some are answered',
      () => sent.filter((one) => one.acknowledged).length >= enough,
      {
        every: 1,
      },
    )
    await node.kill()
    await sending
    all.push(...sent)
  }
  const node = await serve(box, cluster, 'node-1', '--max-workers', '0')
  await check(node, all)
  const { queue } = await node.client.getState()
  const acknowledged = all.filter((batch) => batch.acknowledged).flatMap(({ ids }) => ids).length
  expect(queue.queued).toBeGreaterThanOrEqual(acknowledged)
  expect(acknowledged).toBeGreaterThan(lives * 20)
})
