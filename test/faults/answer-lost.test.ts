/**
 * A node has taken tasks, and nobody hears it: its answer is lost. The client asks again, that node and
 * in the end another one; for whoever looks there is one task of each id, with one result.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import type { Result, Task } from '../../src/api/client.ts'
import { type Box, type Cluster, it, until } from '../e2e/harness.ts'
import { expected } from '../e2e/work.ts'
import { openWire, type Wire } from './proxy.ts'

const count = 40
const nodes = ['node-1', 'node-2'] as const

/** A cluster whose first node is reached over a wire, and files for it. */
async function start(box: Box, name: string) {
  const cluster = box.cluster(name)
  await cluster.up('--max-workers', '0', '--scale-after', '200ms', '--tick', '100ms')
  const record = join(cluster.folder, 'cluster.json')
  const saved = JSON.parse(readFileSync(record, 'utf8'))
  const wire = await openWire(saved.nodes[0].url)
  saved.nodes[0].url = wire.url
  writeFileSync(record, JSON.stringify(saved), { mode: 0o600 })
  const files = Array.from({ length: count }, (_, n) => box.file(`f${n}`, `file ${n}`))
  return { cluster, wire, files }
}

async function enqueue(cluster: Cluster, files: string[], wire: Wire, lost: number) {
  wire.loseAnswers(lost)
  const ran = await cluster.tm(['enqueue', '--iterations', '3', ...files])
  expect(ran.code).toBe(0)
  expect(wire.answersToLose()).toBe(0)
  const ids = ran.stdout.trim().split('\n')
  expect(new Set(ids).size).toBe(count)
  return { ids, stderr: ran.stderr }
}

async function tasksAt(cluster: Cluster, node: string, ids: string[]): Promise<Task[]> {
  return await cluster
    .node(node)
    .lookupTasks({ json: { ids } })
    .then(({ tasks }) => tasks)
}

/** Every id has the right result, once, in every way of looking. */
async function expectOneResultEach(cluster: Cluster, ids: string[]): Promise<void> {
  const waited = await cluster.tm(['wait', '-'], ids.join('\n'))
  expect(waited.code).toBe(0)
  await until('every copy is done', async () => {
    const states = await Promise.all(nodes.map((id) => cluster.node(id).getState()))
    return states.every(({ queue }) => queue.queued === 0 && queue.running === 0)
  })
  const looks = [1, 2].map(async () => {
    const { results } = await cluster.json<{ results: Result[] }>(['pull', '--top', '1000'])
    expect(results.map(({ id }) => id).sort()).toEqual([...ids].sort())
    return new Map(results.map((one) => [one.id, one]))
  })
  const [first, second] = await Promise.all(looks)
  expect(first).toEqual(second)
  const url = (await cluster.health()).nodes[1]?.url
  const token = (await cluster.tm(['token'])).stdout.trim()
  const headers = { authorization: `Bearer ${token}` }
  const response = await fetch(`${url}/pullCompleted?top=1000`, { method: 'POST', headers })
  const all = (await response.json()) as Result[]
  expect(all.map(({ id }) => id).sort()).toEqual([...ids].sort())
  for (const [index, id] of ids.entries()) {
    expect(first?.get(id)?.result).toBe(expected(`file ${index}`, 3))
    expect(all.find((one) => one.id === id)?.completedAt).toBe(first?.get(id)?.completedAt)
  }
}

describe('an answer that is lost', () => {
  it('is asked for again: one task each', { timeout: 90_000 }, async ({ box }) => {
    const { cluster, wire, files } = await start(box, 'faults-lost-once')
    try {
      const { ids, stderr } = await enqueue(cluster, files, wire, 2)
      expect(stderr).not.toContain('Warning')
      const [here, there] = await Promise.all(nodes.map((node) => tasksAt(cluster, node, ids)))
      expect((here?.length ?? 0) + (there?.length ?? 0)).toBe(count)
      await cluster.tm(['up', '--local', '--max-workers', '1'])
      await expectOneResultEach(cluster, ids)
    } finally {
      wire.close()
    }
  })

  it('for good sends the tasks to another node: one result each', { timeout: 90_000 }, async ({
    box,
  }) => {
    const { cluster, wire, files } = await start(box, 'faults-lost')
    try {
      // Two lanes to that node, four tries each.
      const { ids, stderr } = await enqueue(cluster, files, wire, 8)
      expect(stderr).toContain('Warning: node-1 is left out')
      const [here, there] = await Promise.all(nodes.map((node) => tasksAt(cluster, node, ids)))
      expect(here?.length).toBeGreaterThan(0)
      expect(there).toHaveLength(count)
      await cluster.tm(['up', '--local', '--max-workers', '1'])
      await expectOneResultEach(cluster, ids)
    } finally {
      wire.close()
    }
  })
})
