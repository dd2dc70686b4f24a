/** Taking tasks in over HTTP, each on disk before it is answered. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { countFsyncs, type FsyncCounter } from './fsyncs.ts'
import type { Load, LoadOptions } from './load.ts'
import { type BenchNode, withNode } from './node.ts'
import { median, number, type Row } from './table.ts'

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

interface Found extends Load {
  /** Tasks that shared an fsync, on average; undefined where fsyncs can't be counted. */
  shared: number | undefined
}

export async function enqueue({ runs }: { runs: number }): Promise<Row[]> {
  const rows: Row[] = []
  const counter = countFsyncs()
  for (const one of cases) {
    // A new node for each, so that none pays for what another one has left.
    const measure = async (node: BenchNode) => {
      await load(node, one, 1)
      const found: Found[] = []
      for (let n = 0; n < runs; n += 1) found.push(await pluralize(node, one, counter))
      return found
    }
    rows.push(...rowsOf(one, await withNode(['--max-workers', '0'], measure, counter?.env)))
  }
  counter?.remove()
  return rows
}

/** A commit is an fsync of the log; the few of its checkpoints are counted with them. */
async function pluralize(node: BenchNode, one: Case, counter?: FsyncCounter): Promise<Found> {
  const before = counter?.read() ?? 0
  const found = await load(node, one, 2)
  const fsyncs = counter && counter.read() - before
  return { ...found, shared: fsyncs && (found.requests * one.tasks) / fsyncs }
}

async function load(node: BenchNode, one: Case, seconds: number): Promise<Load> {
  const { hostname: host, port } = new URL(node.url)
  const options: LoadOptions = { ...one, host, port: Number(port), token: node.token, seconds }
  const { stdout } = await run(process.execPath, [generator, JSON.stringify(options)])
  return JSON.parse(stdout) as Load
}

function rowsOf({ connections, size, tasks, floor, aim }: Case, found: Found[]): Row[] {
  const kind = tasks === 1 ? 'PUT /enqueue' : `${tasks} a request`
  const bytes = size >= 1024 ? `${size / 1024} KiB` : `${size} B`
  const what = `${kind}, ${connections} connections, ${bytes}`
  const rates = found.map(({ rate }) => rate)
  const of = (pick: (one: Found) => number) => median(found.map(pick))
  const times = `p50 ${of(({ p50 }) => p50).toFixed(1)} ms, p99 ${of(({ p99 }) => p99).toFixed(1)} ms, max ${of(({ max }) => max).toFixed(0)} ms`
  const commits = of(({ rate, shared }) => rate / (shared ?? Number.NaN))
  const each = of(({ shared }) => shared ?? Number.NaN)
  const fsyncs = `${number(commits)} fsyncs/s, ${number(each)} tasks each`
  const note = Number.isNaN(commits) ? `${times}; fsyncs not counted here` : `${times}; ${fsyncs}`
  const limits = floor && aim ? { floor, aim } : {}
  return [
    { bench: 'enqueue', what, value: median(rates), unit: 'tasks/s', runs: rates, note, ...limits },
  ]
}
