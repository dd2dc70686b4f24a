/** Tasks through the whole cluster: enqueued, leased, done, reported, visible. */
import { setTimeout as sleep } from 'node:timers/promises'
import { v7 } from 'uuid'
import type { Client } from '../src/client/client.ts'
import type { NewTask } from '../src/core/task.ts'
import { startNode } from './node.ts'
import { median, percentile, type Row } from './table.ts'

interface Case {
  what: string
  count: number
  size: number
  iterations: number
  workers: number
  floor?: number
  aim?: number
}

const cases: Case[] = [
  { what: 'no work, 128 B, one worker', count: 100_000, size: 128, iterations: 1, workers: 1 },
  {
    what: 'no work, 1 KiB, one worker',
    ...{ count: 100_000, size: 1024, iterations: 1, workers: 1, floor: 30_000, aim: 70_000 },
  },
  { what: 'no work, 1 KiB, two workers', count: 100_000, size: 1024, iterations: 1, workers: 2 },
  { what: '1,000 iterations, one worker', count: 20_000, size: 128, iterations: 1000, workers: 1 },
]

export async function through({ runs }: { runs: number }): Promise<Row[]> {
  const rows: Row[] = []
  for (const one of cases) {
    const { workers } = one
    const limit = ['--max-workers', String(workers), '--scale-after', '0ms', '--tick', '200ms']
    const node = await startNode(limit)
    await pass(node.client, { ...one, count: 5000 })
    const rates: number[] = []
    for (let run = 0; run < runs; run += 1) rates.push(await pass(node.client, one))
    await node.stop()
    const value = median(rates)
    const { what, floor, aim } = one
    const limits = floor && aim ? { floor, aim } : {}
    rows.push({ bench: 'through', what, value, unit: 'tasks/s', runs: rates, ...limits })
  }
  return [...rows, ...(await latency())]
}

/** Tasks per second, from the first request of the enqueue until the last result is visible. */
async function pass(client: Client, { count, size, iterations }: Case): Promise<number> {
  const { succeeded: before } = (await client.state()).queue
  const tasks = Array.from({ length: count }, (): NewTask => {
    return { id: v7(), iterations, body: new Uint8Array(size) }
  })
  const began = performance.now()
  const batches = Array.from({ length: Math.ceil(count / 1000) }, (_, index) =>
    tasks.slice(index * 1000, (index + 1) * 1000),
  )
  const lane = async () => {
    for (let batch = batches.shift(); batch; batch = batches.shift())
      await client.enqueueMany(batch)
  }
  await Promise.all([lane(), lane()])
  while ((await client.state()).queue.succeeded - before < count) await sleep(10)
  return (count / (performance.now() - began)) * 1000
}

/** One task at a time on a cluster that has nothing else to do. */
async function latency(): Promise<Row[]> {
  const node = await startNode(['--max-workers', '1', '--tick', '200ms'])
  const { client } = node
  const took: number[] = []
  for (let n = 0; n < 220; n += 1) {
    const id = v7()
    const began = performance.now()
    await client.enqueue({ id, iterations: 1, body: new Uint8Array(128) })
    while ((await client.task(id)).state !== 'succeeded') {}
    // The first ones start the worker, and warm everything up.
    if (n >= 20) took.push(performance.now() - began)
    await sleep(5)
  }
  await node.stop()
  const sorted = took.sort((a, b) => a - b)
  const base = { bench: 'latency', unit: 'ms', less: true }
  return [
    { ...base, what: 'enqueue → visible, p50', value: percentile(sorted, 0.5), floor: 10, aim: 3 },
    { ...base, what: 'enqueue → visible, p99', value: percentile(sorted, 0.99) },
  ]
}
