/** `tm backup` while tasks come and go, and a new cluster that goes on from it. */

import { truncateSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { v7 } from 'uuid'
import { describe, expect } from 'vitest'
import type { Result, Task } from '../../src/api/client.ts'
import type { UpResult } from '../../src/cli/cluster/up.ts'
import type { BackupResult } from '../../src/commands/backup.ts'
import { packSha512 } from '../support/sha512-task.ts'
import { type Cluster, it, until } from './harness.ts'
import { expected } from './work.ts'

const timings = ['--scale-after', '200ms', '--tick', '100ms', '--idle-timeout', '30s']
const ids = ['node-1', 'node-2']

/** Sends tasks for as long as it is not stopped; notes what was acknowledged, and what must come out. */
function load(cluster: Cluster) {
  const acknowledged = new Map<string, string>()
  let stopped = false
  const lanes = ids.map(async (node) => {
    for (let n = 0; !stopped; n += 1) {
      const tasks = Array.from({ length: 20 }, (_, index) => ({
        id: v7(),
        iterations: 1 + (n % 3),
        body: new Uint8Array(
          Buffer.from(`${node} ${n} ${index}`.repeat(n % 20 === 7 ? 200_000 : 1)),
        ),
      }))
      // Large bodies are moved away by sending them.
      const results = tasks.map(({ id, body, iterations }) => [id, expected(body, iterations)])
      await cluster.node(node).enqueueTasks({ body: packSha512(tasks) })
      for (const [id = '', result = ''] of results) acknowledged.set(id, result)
      // Not as fast as it goes: bodies and results are computed here too.
      await sleep(20)
    }
  })
  return {
    acknowledged,
    async stop() {
      stopped = true
      await Promise.all(lanes)
    },
  }
}

async function resultsOf(cluster: Cluster): Promise<Map<string, Result>> {
  const pages = await Promise.all(
    ids.map((id) => cluster.node(id).listResults({ query: { limit: 10_000 } })),
  )
  return new Map(pages.flatMap(({ results }) => results).map((result) => [result.id, result]))
}

async function tasksOf(cluster: Cluster, wanted: string[]): Promise<Map<string, Task>> {
  const found: Task[] = []
  for (let start = 0; start < wanted.length; start += 1000) {
    const some = wanted.slice(start, start + 1000)
    const answers = await Promise.all(
      ids.map((id) =>
        cluster
          .node(id)
          .lookupTasks({ json: { ids: some } })
          .then(({ tasks }) => tasks),
      ),
    )
    found.push(...answers.flat())
  }
  return new Map(found.map((task) => [task.id, task]))
}

describe('a backup', () => {
  it('of a cluster at work has all that was acknowledged', { timeout: 180_000 }, async ({
    box,
  }) => {
    const old = box.cluster('old')
    await old.up('--max-workers', '1', ...timings)
    const sent = load(old)
    await until('results', async () => (await resultsOf(old)).size > 200)

    const before = new Map(sent.acknowledged)
    const done = await resultsOf(old)
    const folder = join(box.dataDir, 'backups')
    const { files, errors } = await old.json<BackupResult>(['backup', '--to', folder])
    expect(errors).toEqual([])
    expect(files.map(({ node }) => node)).toEqual(ids)
    await sent.stop()
    expect(sent.acknowledged.size).toBeGreaterThan(before.size)
    await old.down()

    const fresh = box.cluster('fresh')
    const restore = files.flatMap(({ file }) => ['--restore', file])
    await fresh.up('--max-workers', '1', ...timings, ...restore)
    const there = await tasksOf(fresh, [...before.keys()])
    expect([...before.keys()].filter((id) => !there.has(id))).toEqual([])
    const now = await resultsOf(fresh)
    for (const [id, result] of done) expect(now.get(id)).toEqual(result)

    await until('all of them are done', async () => {
      const tasks = await tasksOf(fresh, [...before.keys()])
      return [...tasks.values()].every(({ state }) => state === 'succeeded')
    })
    for (const [id, { result }] of await tasksOf(fresh, [...before.keys()])) {
      expect(result, id).toBe(before.get(id))
    }

    // Again changes nothing; another one does not take the place of what is there.
    await fresh.json<UpResult>(['up', '--local', ...restore])
    const other = await fresh.json<BackupResult>(['backup', '--to', folder, '--node', 'node-1'])
    const [another] = other.files
    const refused = await fresh.tm(['up', '--local', '--restore', String(another?.file)])
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain('This node has tasks of its own: nothing was restored')

    // A copy that is not whole is refused before anything is made.
    truncateSync(String(another?.file), 100_000)
    const third = box.cluster('third')
    const damaged = await third.tm(['up', '--local', '--restore', String(another?.file)])
    expect(damaged.code).toBe(1)
    expect(damaged.stderr).toContain(`${another?.file} can't be used: `)
    expect(await third.processes()).toEqual([])
  })
})
