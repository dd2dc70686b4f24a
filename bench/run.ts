/**
 * `npm run bench`: measures, prints a table, writes `bench/results.json`. Names of benchmarks as
 * arguments run only those; `--runs N` for more than five runs of each; `--peers` compares with other
 * queues, too, which are installed for it and need a Redis and a PostgreSQL.
 */
import { writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import { bodies } from './bodies.ts'
import { commands } from './commands.ts'
import { enqueue } from './enqueue.ts'
import { growth } from './growth.ts'
import { kernel } from './kernel.ts'
import { latency } from './latency.ts'
import { peers } from './peers.ts'
import { run } from './run-commands.ts'
import { scaling } from './scaling.ts'
import { isMet, type Row, show } from './table.ts'
import { through } from './through.ts'
import { workers } from './workers.ts'

const benches = {
  kernel,
  enqueue,
  through,
  latency,
  run,
  workers,
  growth,
  bodies,
  commands,
  scaling,
  peers,
}
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: 'string', default: '5' }, peers: { type: 'boolean', default: false } },
})
const names = Object.keys(benches) as (keyof typeof benches)[]
const wrong = positionals.filter((name) => !names.includes(name as never))
if (wrong.length > 0) {
  console.error(`There is no benchmark ${wrong.join(', ')}; there are ${names.join(', ')}`)
  process.exit(2)
}
const runs = Number(values.runs)
const rows: Row[] = []
for (const name of names) {
  if (!isWanted(name)) continue
  console.error(`${name} …`)
  rows.push(...(await benches[name]({ runs })))
}

function isWanted(name: string): boolean {
  if (positionals.includes(name)) return true
  return name === 'peers' ? values.peers : positionals.length === 0
}

const [cpu] = cpus()
const machine = {
  cpu: cpu?.model,
  cores: cpus().length,
  memoryGiB: Math.round(totalmem() / 1024 ** 3),
  node: process.version,
  date: new Date().toISOString(),
}
console.log(
  `${show(rows)}\n\n${machine.cores} × ${machine.cpu}, Node ${machine.node}, ${runs} runs`,
)
writeFileSync(
  new URL('./results.json', import.meta.url),
  `${JSON.stringify({ machine, rows }, undefined, 2)}\n`,
)
if (rows.some((row) => isMet(row) === false)) process.exitCode = 1
