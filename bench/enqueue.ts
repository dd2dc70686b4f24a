/** Taking tasks in over HTTP, each on disk before it is answered. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Load, LoadOptions } from './load.ts'
import { type BenchNode, startNode } from './node.ts'
import { median, type Row } from './table.ts'

const run = promisify(execFile)
const generator = fileURLToPath(new URL('./load.ts', import.meta.url))

interface Case {
  connections: number
  size: number
  tasks: number
  floor?: number
  aim?: number
}

const cases: Case[] = [
  { connections: 1, size: 1024, tasks: 1 },
  { connections: 16, size: 1024, tasks: 1 },
  { connections: 64, size: 102, tasks: 1 },
  { connections: 64, size: 1024, tasks: 1, floor: 10_000, aim: 20_000 },
  { connections: 64, size: 65_536, tasks: 1 },
  { connections: 1, size: 1024, tasks: 1000 },
  { connections: 4, size: 1024, tasks: 1000, floor: 45_000, aim: 100_000 },
]

export async function enqueue({ runs }: { runs: number }): Promise<Row[]> {
  const rows: Row[] = []
  for (const one of cases) {
    // A new node for each, so that none pays for what another one has left.
    const node = await startNode(['--max-workers', '0'])
    await load(node, one, 1)
    const found: Load[] = []
    for (let n = 0; n < runs; n += 1) found.push(await load(node, one, 2))
    await node.stop()
    rows.push(...rowsOf(one, found))
  }
  return rows
}

async function load(node: BenchNode, one: Case, seconds: number): Promise<Load> {
  const { hostname: host, port } = new URL(node.url)
  const options: LoadOptions = { ...one, host, port: Number(port), token: node.token, seconds }
  const { stdout } = await run(process.execPath, [generator, JSON.stringify(options)])
  return JSON.parse(stdout) as Load
}

function rowsOf({ connections, size, tasks, floor, aim }: Case, found: Load[]): Row[] {
  const kind = tasks === 1 ? 'PUT /enqueue' : `${tasks} a request`
  const bytes = size >= 1024 ? `${size / 1024} KiB` : `${size} B`
  const what = `${kind}, ${connections} connections, ${bytes}`
  const rates = found.map(({ rate }) => rate)
  const of = (pick: (one: Load) => number) => median(found.map(pick))
  const note = `p50 ${of(({ p50 }) => p50).toFixed(1)} ms, p99 ${of(({ p99 }) => p99).toFixed(1)} ms, max ${of(({ max }) => max).toFixed(0)} ms`
  const limits = floor && aim ? { floor, aim } : {}
  return [
    { bench: 'enqueue', what, value: median(rates), unit: 'tasks/s', runs: rates, note, ...limits },
  ]
}
