/** A gibibyte of bodies into a node: how long others wait meanwhile, and what memory that takes. */
import { execFile } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { BodiesOptions } from './bodies-process.ts'
import { openConnection, requestOf } from './connection.ts'
import { addressOf, type BenchNode, memoryOf, withNode } from './node.ts'
import { median, type Row } from './table.ts'

const run = promisify(execFile)
const program = fileURLToPath(new URL('./bodies-process.ts', import.meta.url))
const gibibyte = 1024 ** 3

type Case = Pick<BodiesOptions, 'kind' | 'size'> & { what: string }

const cases: Case[] = [
  { what: 'one stream of 64 KiB files', kind: 'stream', size: 64 * 1024 },
  { what: 'bodies of 64 MiB, 4 at a time', kind: 'single', size: 64 * 1024 ** 2 },
]

interface Found {
  /** Bytes a second. */
  rate: number
  /** Milliseconds: the longest wait for a small task to be taken, and for `/healthz`. */
  enqueue: number
  health: number
  memory: number
}

export async function bodies({ runs }: { runs: number }): Promise<Row[]> {
  const rows: Row[] = []
  for (const one of cases) {
    const found: Found[] = []
    for (let n = 0; n < runs; n += 1) found.push(await pass(one))
    const row = (what: string, unit: string, pick: (one: Found) => number, floor?: number) => {
      const each = found.map(pick)
      const limit = floor === undefined ? {} : { less: true, floor }
      const value = median(each)
      rows.push({
        bench: 'bodies',
        what: `${one.what}: ${what}`,
        value,
        unit,
        runs: each,
        ...limit,
      })
    }
    row('taken in', 'MB/s', ({ rate }) => rate / 1e6)
    row('longest wait of a small task', 'ms', ({ enqueue }) => enqueue, 100)
    row('longest wait of /healthz', 'ms', ({ health }) => health, 100)
    row('memory of the node, at most', 'MB', ({ memory }) => memory / 1e6)
  }
  return rows
}

async function pass({ kind, size }: Case): Promise<Found> {
  return await withNode(['--max-workers', '0'], async (node) => {
    const { url, token } = node
    const options: BodiesOptions = { url, token, kind, size, count: gibibyte / size }
    const began = performance.now()
    const done = new AbortController()
    const waits = watch(node, done.signal)
    await run(process.execPath, [program, JSON.stringify(options)])
    const rate = (gibibyte / (performance.now() - began)) * 1000
    done.abort()
    return { rate, ...(await waits) }
  })
}

/** What another client sees until it is told to stop. */
async function watch(node: BenchNode, until: AbortSignal): Promise<Omit<Found, 'rate'>> {
  const address = addressOf(node)
  const connection = await openConnection(address)
  const authorization = `Bearer ${node.token}`
  const put = requestOf('PUT /enqueue?iterations=1', address, { authorization }, Buffer.alloc(128))
  const look = requestOf('GET /healthz', address, {}, Buffer.alloc(0))
  const seen = { enqueue: 0, health: 0, memory: 0 }
  const timed = async (request: Buffer) => {
    const began = performance.now()
    await connection.ask(request)
    return performance.now() - began
  }
  while (!until.aborted) {
    seen.enqueue = Math.max(seen.enqueue, await timed(put))
    seen.health = Math.max(seen.health, await timed(look))
    seen.memory = Math.max(seen.memory, memoryOf(node.pid))
    await sleep(5)
  }
  connection.close()
  return seen
}
