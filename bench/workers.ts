/** What a node can do with so many workers connected that take one task at a time and are done at once. */

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { v7 } from 'uuid'
import { packTasks } from '../src/api/new-tasks.ts'
import { sha512Task } from '../test/support/sha512-task.ts'
import { type BenchNode, withNode } from './node.ts'
import { median, type Row } from './table.ts'
import type { Crowd, CrowdOptions } from './workers-process.ts'

const run = promisify(execFile)
const program = fileURLToPath(new URL('./workers-process.ts', import.meta.url))
const counts = [1, 10, 100, 1000]
const seconds = 3
/** More than any crowd does in a run. */
const enough = 30_000

export async function workers({ runs }: { runs: number }): Promise<Row[]> {
  const rows: Row[] = []
  for (const count of counts) {
    // Each place is taken before there are tasks: it launches none, and sends none away.
    const measure = async (node: BenchNode) => {
      await crowd(node, count, 0)
      await pass(node, count, 1)
      const found: Crowd[] = []
      for (let n = 0; n < runs; n += 1) found.push(await pass(node, count, seconds))
      return found
    }
    rows.push(...rowsOf(count, await withNode(['--max-workers', String(count)], measure)))
  }
  return rows
}

async function pass(node: BenchNode, workers: number, seconds: number): Promise<Crowd> {
  await fill(node)
  return await crowd(node, workers, seconds)
}

async function crowd(node: BenchNode, workers: number, seconds: number): Promise<Crowd> {
  const { hostname: host, port } = new URL(node.url)
  const { pid, secret } = node
  const options: CrowdOptions = { host, port: Number(port), pid, secret, workers, seconds }
  const { stdout } = await run(process.execPath, [program, JSON.stringify(options)])
  return JSON.parse(stdout) as Crowd
}

async function fill({ client }: BenchNode): Promise<void> {
  const missing = enough - (await client.getState()).queue.queued
  for (let done = 0; done < missing; done += 1000) {
    const tasks = Array.from({ length: 1000 }, () => {
      return sha512Task({ id: v7(), iterations: 1, body: new Uint8Array(128) })
    })
    await client.enqueueTasks({ body: packTasks(tasks) })
  }
}

function rowsOf(count: number, found: Crowd[]): Row[] {
  const base = { bench: 'workers' }
  const many = count === 1 ? '1 worker' : `${count.toLocaleString('en-US')} workers`
  const of = (pick: (one: Crowd) => number) => found.map(pick)
  const rates = of(({ rate }) => rate)
  const p99s = of(({ p99 }) => p99)
  const sizes = of(({ memory }) => memory / 1e6)
  const tasks = median(of((one) => one.tasks))
  const [p50, max] = [median(of((one) => one.p50)), median(of((one) => one.max))]
  return [
    {
      ...{ ...base, what: `${many}: requests`, value: median(rates), unit: 'requests/s' },
      ...{ runs: rates, note: `${Math.round(tasks).toLocaleString('en-US')} tasks/s` },
    },
    {
      ...{ ...base, what: `${many}: p99`, value: median(p99s), unit: 'ms', less: true },
      ...{ runs: p99s, note: `p50 ${p50.toFixed(1)} ms, max ${max.toFixed(0)} ms` },
    },
    {
      ...{ ...base, what: `${many}: memory of the node`, value: median(sizes), unit: 'MB' },
      ...{ less: true, runs: sizes },
    },
  ]
}
