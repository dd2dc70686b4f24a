/** Whole commands, as a shell starts them. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BenchNode, withNode } from './node.ts'
import { median, type Row } from './table.ts'

const tm = fileURLToPath(new URL('../bin/run.js', import.meta.url))

export async function commands({ runs }: { runs: number }): Promise<Row[]> {
  return await withNode(['--max-workers', '0'], async (node) => measure(node, runs))
}

function measure(node: BenchNode, runs: number): Row[] {
  const { env } = node
  const file = join(env.TM_DATA_DIR as string, 'small')
  writeFileSync(file, 'a small file')
  const cluster = join(env.TM_DATA_DIR as string, 'clusters/bench/cluster.json')
  const nodes = [{ id: 'node-1', url: node.url }]
  const record = { cluster: 'bench', provider: 'local', nodes, createdAt: Date.now() }
  writeFileSync(cluster, JSON.stringify(record))
  const time = (args: string[]) => {
    const each: number[] = []
    for (let run = 0; run <= runs; run += 1) {
      const began = performance.now()
      execFileSync(process.execPath, [tm, ...args], { env, stdio: 'ignore' })
      // The first one finds nothing in the system's cache.
      if (run > 0) each.push(performance.now() - began)
    }
    return each
  }
  const help = time(['--help'])
  const enqueue = time(['enqueue', '--cluster', 'bench', '--iterations', '1', file])
  const base = { bench: 'commands', unit: 'ms', less: true }
  return [
    { ...base, what: 'tm --help', value: median(help), runs: help, floor: 300, aim: 150 },
    {
      ...base,
      what: 'tm enqueue, one small file',
      value: median(enqueue),
      runs: enqueue,
      floor: 500,
      aim: 250,
    },
  ]
}
