/** A worker that waits for a job which another one tries. */
import { afterEach, beforeEach, expect, it } from 'vitest'
import { unpackLeases } from '../../src/api/leases.ts'
import { packResults } from '../../src/api/reports.ts'
import type { JobDefinition } from '../../src/kinds/command/job.ts'
import { createTestNode, type TestNode } from './harness.ts'

let node: TestNode
beforeEach(async () => {
  node = await createTestNode({})
})
afterEach(() => node.close())

const job = '01997a5e-4b7e-7cc2-8f6a-000000000001'
const total = { cpus: 4, memory: 4, disk: 4 }

const claim = async (worker: string, wait: number) => {
  const room = { free: total, total, batch: 1 }
  const request = { worker, max: 1, maxWork: 0, maxBytes: 1e6, room, wait }
  return unpackLeases((await node.queue.claim(request)).frames)
}

it('gets a task as soon as the other has succeeded', async () => {
  const definition = { job: {}, canary: true } as JobDefinition
  await node.jobs.put(job, definition)
  const tasks = [1, 2].map((n) => ({
    id: `01997a5e-4b7e-7cc2-8f6a-00000000001${n}`,
    kind: 'command',
    spec: JSON.stringify({ n, values: {} }),
    cost: 1,
    job,
    body: new Uint8Array(),
  }))
  await node.queue.enqueue(tasks)
  const [first] = await claim('w1', 0)
  expect(await claim('w2', 0)).toEqual([])
  // Longer than the test may take: only the success can end it.
  const waiting = claim('w2', 600_000)
  const result = new Uint8Array([1])
  await node.queue.complete('w1', packResults([{ id: first?.id ?? '', attempt: 1, result }]))
  expect((await waiting).map(({ id }) => id)).toEqual([tasks[1]?.id])
})
