/** A batch of files through a cluster: what a user came for. */
import { readFile } from 'node:fs/promises'
import { describe, expect } from 'vitest'
import type { Result, Task } from '../../src/api/client.ts'
import { type Box, type Cluster, it, until } from './harness.ts'
import { expected, expectedByPython, noise } from './work.ts'

const MiB = 1024 ** 2
/** Around the block and padding limits of SHA-512, around a page, around a window, and large. */
const sizes = [0, 1, 63, 64, 111, 112, 127, 128, 129, 1000, 4096, 65_537, 20_000, 300_000, MiB]

interface File {
  path: string
  iterations: number
  result: string
}

/** 500 files: each size as binary or text, with 1, 100 or 1000 iterations. */
function makeFiles(box: Box): File[] {
  return Array.from({ length: 500 }, (_, n) => {
    const size = sizes[n % sizes.length] as number
    const binary = n % 2 === 0
    const body = binary
      ? noise(n, size)
      : Buffer.from(`line ${n} äöü\r\n`.repeat(size)).subarray(0, size)
    const iterations = [1, 100, 1000][Math.floor(n / 7) % 3] as number
    const path = box.file(`${n}.${binary ? 'bin' : 'txt'}`, body)
    return { path, iterations, result: expected(body, iterations) }
  })
}

/** Three commands at once, one for each count of iterations. */
async function enqueue(cluster: Cluster, files: File[]): Promise<{ id: string; file: File }[]> {
  const batches = [1, 100, 1000].map(async (iterations) => {
    const mine = files.filter((file) => file.iterations === iterations)
    const paths = mine.map(({ path }) => path)
    const args = ['enqueue', '--iterations', String(iterations), ...paths]
    const { tasks } = await cluster.json<{ tasks: { id: string; file: string }[] }>(args)
    expect(tasks.map(({ file }) => file)).toEqual(paths)
    return tasks.map(({ id }, index) => ({ id, file: mine[index] as File }))
  })
  return (await Promise.all(batches)).flat()
}

describe.concurrent('a batch of files', () => {
  it('of 500 comes back whole and right', { timeout: 180_000 }, async ({ box }) => {
    const cluster = box.cluster('e2e-batch')
    const up = await cluster.up('--max-workers', '2', '--scale-after', '200ms')
    expect(up.nodes.map(({ id }) => id)).toEqual(['node-1', 'node-2'])
    const placed = await enqueue(cluster, makeFiles(box))
    const ids = placed.map(({ id }) => id)
    expect(new Set(ids).size).toBe(500)

    const { tasks } = await cluster.json<{ tasks: Task[] }>(['wait', '-'], {
      input: ids.join('\n'),
    })
    expect(tasks.map(({ id }) => id)).toEqual(ids)
    expect(tasks.map(({ result }) => result)).toEqual(placed.map(({ file }) => file.result))

    await Promise.all(up.nodes.map(({ id }) => everyNodeHadAShare(cluster, id)))
    await pullsNewestFirst(cluster, tasks)
    await changesNothingButTheLimit(cluster, up)
    await keepsTheQueue(cluster, box, ids)
  })

  it('has the results that Python has', { timeout: 90_000 }, async ({ box, skip }) => {
    const file = box.file('for-python.bin', noise(1, 70_000))
    const byPython = await expectedByPython(file, 1).catch((error: Error) => error)
    if (byPython instanceof Error) {
      const why = `Not compared with Python, python3 does not run here: ${byPython.message}`
      console.warn(why)
      return skip(why)
    }
    const cluster = box.cluster('e2e-python')
    await cluster.up()
    for (const iterations of [1, 2, 100, 100_000]) {
      const { tasks } = await cluster.json<{ tasks: Task[] }>([
        'enqueue',
        '--wait',
        '--iterations',
        String(iterations),
        file,
      ])
      expect(tasks[0]?.result).toBe(await expectedByPython(file, iterations))
    }
    expect(byPython).toBe(expected(await readFile(file), 1))
  })
})

async function everyNodeHadAShare(cluster: Cluster, id: string): Promise<void> {
  const { queue } = await cluster.node(id).getState()
  expect(queue).toMatchObject({ queued: 0, running: 0, failed: 0 })
  expect(queue.succeeded, `tasks of ${id}`).toBeGreaterThan(100)
}

async function pullsNewestFirst(cluster: Cluster, tasks: Task[]): Promise<void> {
  const pull = async (top: number) =>
    (await cluster.json<{ results: Result[] }>(['pull', '--top', String(top)])).results
  const times = tasks.map(({ completedAt }) => completedAt as number).sort((a, b) => b - a)
  const newest = await pull(40)
  expect(newest.map(({ completedAt }) => completedAt)).toEqual(times.slice(0, 40))
  // Reading removes nothing.
  const all = await pull(1000)
  expect(all.map(({ completedAt }) => completedAt)).toEqual(times)
  expect(all).toEqual(expect.arrayContaining(newest))
  const wanted = new Map(tasks.map(({ id, result }) => [id, result]))
  expect(new Map(all.map(({ id, result }) => [id, result]))).toEqual(wanted)
}

async function changesNothingButTheLimit(
  cluster: Cluster,
  before: Awaited<ReturnType<Cluster['up']>>,
): Promise<void> {
  const settings = await cluster.node('node-2').getSettings()
  const again = await cluster.up('--max-workers', '0')
  expect(again).toEqual({ ...before, maxWorkers: 0 })
  expect(await cluster.node('node-2').getSettings()).toEqual({ ...settings, maxWorkers: 0 })
  expect(await cluster.processes('node')).toHaveLength(2)
}

/** With no place for a worker the tasks have to wait, over a down and an up. */
async function keepsTheQueue(cluster: Cluster, box: Box, done: string[]): Promise<void> {
  await until('no worker is left over a limit of 0', async () => {
    return (await cluster.processes('worker')).length === 0
  })
  const paths = Array.from({ length: 20 }, (_, n) => box.file(`later-${n}`, `later ${n}`))
  const args = ['enqueue', '--iterations', '3', ...paths]
  const { tasks: queued } = await cluster.json<{ tasks: { id: string }[] }>(args)

  const down = await cluster.down('--keep-data')
  expect(down.removed.map(({ id }) => id).sort()).toEqual(['node-1', 'node-2'])
  expect(await cluster.processes()).toEqual([])

  await cluster.up('--max-workers', '1')
  const input = queued.map(({ id }) => id).join('\n')
  const { tasks } = await cluster.json<{ tasks: Task[] }>(['wait', '-'], { input })
  expect(tasks.map(({ result }) => result)).toEqual(paths.map((_, n) => expected(`later ${n}`, 3)))
  const { results } = await cluster.json<{ results: Result[] }>(['pull', '--top', '1000'])
  expect(new Set(results.map(({ id }) => id))).toEqual(
    new Set([...done, ...tasks.map(({ id }) => id)]),
  )
}
