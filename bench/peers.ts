/**
 * tm beside BullMQ, pg-boss and Graphile Worker, on this machine and in turn: tm, then each peer,
 * then tm again. Every side begins empty, takes in tasks of 1 KiB in bulk, and works them off with
 * one worker process, as fast as its documentation says it can. What its answers are worth then is
 * in the note of each row.
 */
import { execFile, execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { startNode } from './node.ts'
import { type Answer, type Phase, warmUp } from './peers/side.ts'
import { median, type Row } from './table.ts'

const run = promisify(execFile)
const ownProgram = fileURLToPath(new URL('./peers-tm.ts', import.meta.url))
const folder = fileURLToPath(new URL('./peers/', import.meta.url))
/** Of each run; `TM_BENCH_PEERS_TASKS` for a quick look. */
const tasks = Number(process.env.TM_BENCH_PEERS_TASKS ?? 20_000)

/** Tasks per second. */
interface Pass {
  enqueue: number
  work: number
  guarantee: string
}

interface Rival {
  name: string
  /** Of `bench/peers/`. */
  file: string
  /** What else its figures rest on. */
  enqueue: string
  work: string
}

const rivals: Rival[] = [
  {
    name: 'BullMQ',
    file: 'bullmq.ts',
    enqueue: 'addBulk of 1,000, 4 at a time',
    work: 'concurrency 50; done ones are deleted',
  },
  {
    name: 'pg-boss',
    file: 'pg-boss.ts',
    enqueue: 'insert of 1,000, 4 at a time',
    work: 'batches of 1,000 that succeed or fail as one, 4 at a time',
  },
  {
    name: 'Graphile Worker',
    file: 'graphile-worker.ts',
    enqueue: 'addJobs of 1,000, 4 at a time',
    work: '24 at a time, 500 locked beforehand, completed in batches; done ones are deleted',
  },
]

const ownNotes = {
  enqueue: '1,000 a request, 4 at a time',
  work: 'one worker with one slot; results are kept',
}
const ownGuarantee = 'SQLite, WAL, synchronous FULL: on disk before the answer'

export async function peers({ runs }: { runs: number }): Promise<Row[]> {
  install()
  const own: Pass[] = []
  const found = new Map<Rival, Pass[]>(rivals.map((rival) => [rival, []]))
  for (let n = 0; n < runs; n += 1) {
    own.push(await passOfTm())
    for (const [rival, passes] of found) {
      const pass = await passOf(rival)
      if (pass) passes.push(pass)
      else found.delete(rival)
    }
  }
  return (['enqueue', 'work'] as const).flatMap((kind) => [
    row(kind, 'tm', own, ownNotes[kind]),
    ...[...found].flatMap(([rival, passes]) => [
      row(kind, rival.name, passes, rival[kind]),
      ratio(kind, rival.name, own, passes),
    ]),
  ])
}

/** The peers are no part of tm: they come from the registry when they are asked for. */
function install(): void {
  // npm writes it when all is there.
  if (existsSync(`${folder}node_modules/.package-lock.json`)) return
  console.error(`peers: npm install in ${folder} …`)
  const options = ['install', '--no-save', '--no-audit', '--no-fund', '--ignore-scripts']
  execFileSync('npm', options, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] })
}

/**
 * Work is timed from the first results that are seen, less those, until all are there: launching
 * the worker is not in it. For a peer it is from the first task in hand until its server has none
 * left that is not done, and starting its process is not in it.
 */
async function passOfTm(): Promise<Pass> {
  const node = await startNode(['--max-workers', '0', '--scale-after', '0ms', '--tick', '200ms'])
  try {
    const took = await phase(ownProgram, 'enqueue', node.url, node.token)
    const { client } = node
    const done = async () => (await client.getState()).queue.succeeded
    await client.changeSettings({ json: { maxWorkers: 1 } })
    let first = await done()
    for (; first === 0; first = await done()) await sleep(5)
    const began = performance.now()
    while ((await done()) < tasks + warmUp) await sleep(5)
    const work = (tasks + warmUp - first) / (performance.now() - began)
    return { enqueue: rate(tasks, took), work: work * 1000, guarantee: ownGuarantee }
  } finally {
    await node.stop()
  }
}

/** Undefined, and said loudly, when the peer's server is not there. */
async function passOf({ name, file }: Rival): Promise<Pass | undefined> {
  const program = `${folder}${file}`
  const ready = await phase(program, 'prepare')
  if ('unavailable' in ready) {
    console.error(`peers: NO ROWS OF ${name}: ${ready.unavailable}`)
    console.error('peers: TM_BENCH_REDIS_URL and TM_BENCH_POSTGRES_URL name other servers')
    return undefined
  }
  try {
    const enqueue = rate(tasks, await phase(program, 'enqueue'))
    const work = rate(tasks + warmUp, await phase(program, 'work'))
    return { enqueue, work, guarantee: ready.guarantee ?? '' }
  } finally {
    await phase(program, 'clean')
  }
}

async function phase(program: string, name: Phase, ...more: string[]): Promise<Answer> {
  const args = [program, name, String(tasks), ...more]
  const { stdout } = await run(process.execPath, args)
  return JSON.parse(stdout) as Answer
}

function rate(count: number, answer: Answer): number {
  if ('unavailable' in answer) throw new Error(answer.unavailable)
  return (count / (answer.ms ?? Number.NaN)) * 1000
}

const titles = { enqueue: 'bulk enqueue, 1 KiB', work: 'no work, 1 KiB, one worker' }
type Kind = keyof typeof titles

function row(kind: Kind, name: string, passes: Pass[], how: string): Row {
  const rates = passes.map((pass) => pass[kind])
  const what = `${titles[kind]}: ${name}`
  const note = `${how}. ${passes[0]?.guarantee}`
  return { bench: 'peers', what, value: median(rates), unit: 'tasks/s', runs: rates, note }
}

/** Of the same run: what slows down one slows down the other. */
function ratio(kind: Kind, name: string, own: Pass[], passes: Pass[]): Row {
  const each = own.map((pass, n) => pass[kind] / (passes[n]?.[kind] ?? Number.NaN))
  return { bench: 'peers', what: `  tm ÷ ${name}`, value: median(each), unit: '×', runs: each }
}
