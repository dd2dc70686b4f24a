/**
 * Tasks through the whole cluster: enqueued, leased, done, reported, visible. Twice: those that were
 * queued before a worker came, as the peers measure it, and from the first enqueue on.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { v7 } from 'uuid'
import { encodeFrames, framesType } from '../src/api/frames.ts'
import { createChain } from '../src/kinds/sha512/chain.ts'
import { openConnection, requestOf } from './connection.ts'
import { rateOf } from './kernel.ts'
import { addressOf, type BenchNode, withNode } from './node.ts'
import { median, type Row } from './table.ts'

interface Case {
  size: number
  iterations: number
  workers: number
  count: number
}

const noWork = { iterations: 1, count: 100_000 }
const cases: Case[] = [
  { ...noWork, size: 128, workers: 1 },
  { ...noWork, size: 1024, workers: 1 },
  { ...noWork, size: 1024, workers: 2 },
]
const perRequest = 1000
const lanes = 4
/** Milliseconds between two looks; each costs the node as much as dozens of tasks. */
const lookEvery = 50

export async function through({ runs }: { runs: number }): Promise<Row[]> {
  const rows: Row[] = []
  for (const one of cases) rows.push(...(await throughOf(one, runs)))
  return [...rows, await shareOfKernel(runs)]
}

async function throughOf(one: Case, runs: number): Promise<Row[]> {
  const { size, workers } = one
  const bytes = size >= 1024 ? `${size / 1024} KiB` : `${size} B`
  const what = `no work, ${bytes}, ${workers} worker${workers === 1 ? '' : 's'}`
  const limits = size === 1024 && workers === 1 ? { floor: 30_000, aim: 70_000 } : {}
  const queued: number[] = []
  const entire: number[] = []
  for (let run = -1; run < runs; run += 1) {
    const [before, whole] = [await drained(one), await passed(one)]
    // The first one warms up what all share, such as the system's cache.
    if (run >= 0) queued.push(before)
    if (run >= 0) entire.push(whole)
  }
  const row = { bench: 'through', unit: 'tasks/s', ...limits }
  return [
    { ...row, what: `${what}, queued before`, value: median(queued), runs: queued },
    { ...row, what: `${what}, from enqueue on`, value: median(entire), runs: entire },
  ]
}

function limited(workers: number): string[] {
  return ['--max-workers', String(workers), '--scale-after', '0ms', '--tick', '200ms']
}

/** Tasks per second, from the first results that are seen to the last; or from so many on. */
async function drained({ count, workers, ...task }: Case, warm = 1): Promise<number> {
  return await withNode(limited(0), async (node) => {
    await enqueueAll(node, requestsFor(node, { ...task, count }))
    await node.client.changeSettings({ json: { maxWorkers: workers } })
    const first = await succeeded(node, warm)
    const began = performance.now()
    await succeeded(node, count)
    return ((count - first) / (performance.now() - began)) * 1000
  })
}

/** Tasks per second, from the first request to the last result, through workers that are there. */
async function passed({ count, workers, ...task }: Case): Promise<number> {
  return await withNode(limited(workers), async (node) => {
    const warm = 20_000
    await enqueueAll(node, requestsFor(node, { ...task, count: warm }))
    await succeeded(node, warm)
    const requests = requestsFor(node, { ...task, count })
    const began = performance.now()
    await enqueueAll(node, requests)
    await succeeded(node, warm + count)
    return (count / (performance.now() - began)) * 1000
  })
}

function requestsFor(node: BenchNode, task: Omit<Case, 'workers'>): Buffer[] {
  const headers = { authorization: `Bearer ${node.token}`, 'content-type': framesType }
  return Array.from({ length: task.count / perRequest }, () => {
    const frames = Array.from({ length: perRequest }, () => {
      const header = { id: v7(), iterations: task.iterations }
      return { header, body: new Uint8Array(task.size) }
    })
    return requestOf('POST /v1/tasks', addressOf(node), headers, encodeFrames(frames))
  })
}

async function enqueueAll(node: BenchNode, requests: Buffer[]): Promise<void> {
  const lane = async () => {
    const connection = await openConnection(addressOf(node))
    for (let next = requests.shift(); next; next = requests.shift()) await connection.ask(next)
    connection.close()
  }
  await Promise.all(Array.from({ length: lanes }, lane))
}

/** How many there are, as soon as there are so many. */
async function succeeded({ client }: BenchNode, count: number): Promise<number> {
  for (;;) {
    const { queue } = await client.getState()
    if (queue.succeeded >= count) return queue.succeeded
    await sleep(lookEvery)
  }
}

/** What a worker does of what its kernel would do alone, measured in turn. */
async function shareOfKernel(runs: number): Promise<Row> {
  const chain = createChain()
  chain.warmUp()
  const iterations = 1000
  const each: number[] = []
  for (let run = 0; run < runs; run += 1) {
    const alone = () => rateOf(1, (count) => void chain.run(new Uint8Array(64), count))
    const before = alone()
    // As warm as the kernel is, which is not measured from its first call either.
    const rate = await drained({ size: 128, iterations, workers: 1, count: 24_000 }, 4000)
    each.push((rate * iterations * 2 * 100) / (before + alone()))
  }
  const what = '1,000 iterations, 1 worker, of the kernel alone'
  return { bench: 'through', what, value: median(each), unit: '%', runs: each, floor: 90, aim: 97 }
}
