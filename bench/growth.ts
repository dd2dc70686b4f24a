/** What a node's store costs as it grows: as many tasks that are queued as have succeeded. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Grown } from './growth-process.ts'
import { median, type Row } from './table.ts'

const run = promisify(execFile)
const program = fileURLToPath(new URL('./growth-process.ts', import.meta.url))
const sizes = [0, 10_000, 100_000, 1_000_000]

export async function growth({ runs }: { runs: number }): Promise<Row[]> {
  const folders = sizes.map(() => mkdtempSync(join(tmpdir(), 'tm-bench-')))
  try {
    for (const [index, folder] of folders.entries()) await grow('fill', folder, sizes[index] ?? 0)
    const found: Grown[][] = sizes.map(() => [])
    // In turn, so that all sizes have the same luck. What each has claimed is filled up again.
    for (let n = 0; n < runs; n += 1) {
      for (const [index, folder] of folders.entries()) {
        const out = await grow('measure', folder, sizes[index] ?? 0)
        found[index]?.push(JSON.parse(out) as Grown)
        await grow('fill', folder, 0)
      }
    }
    return sizes.flatMap((size, index) => rowsOf(size, found[index] ?? [], found[0] ?? []))
  } finally {
    for (const folder of folders) rmSync(folder, { recursive: true })
  }
}

async function grow(what: 'fill' | 'measure', folder: string, size: number): Promise<string> {
  return (await run(process.execPath, [program, what, folder, String(size)])).stdout
}

function rowsOf(size: number, found: Grown[], empty: Grown[]): Row[] {
  const at = size.toLocaleString('en-US')
  const last = size === sizes.at(-1)
  const limit = (floor: number, aim: number) => (last ? { floor, aim } : {})
  const row = (what: string, unit: string, values: number[], limits = {}): Row => {
    const value = median(values)
    return {
      bench: 'growth',
      what: `${at}: ${what}`,
      value,
      unit,
      runs: values,
      less: true,
      ...limits,
    }
  }
  const of = (name: keyof Grown, per = 1) => found.map((one) => one[name] / per)
  const ratios = found.map(({ claim }, index) => claim / (empty[index]?.claim ?? Number.NaN))
  return [
    row('claim of 100', 'ms', of('claim')),
    row('claim, ÷ at 0', '×', ratios, limit(1.3, 1.1)),
    row('enqueue of 1, with its fsync', 'ms', of('enqueue')),
    row('counts (health)', 'ms', of('stats')),
    row('newest 1,000 results (pull)', 'ms', of('results')),
    row('1,000 results in the middle', 'ms', of('laterResults')),
    row('1,000 tasks in the middle', 'ms', of('list')),
    row('open and resume', 's', of('open', 1000), limit(5, 1)),
    row('memory of the process', 'MB', of('memory', 1e6), limit(300, 150)),
  ]
}
