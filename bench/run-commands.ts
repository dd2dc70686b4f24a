/**
 * `tm run` beside xargs, GNU Parallel and HyperQueue, on a cluster of this machine with one worker that has
 * all of it. The peers keep no results; tm has each on disk before it counts. Whoever is not installed
 * is left out: `parallel` is a Debian package, and `TM_BENCH_HQ` is a Python that has `hyperqueue`.
 */
import { type ExecFileSyncOptions, execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { delayOfHeartbeats } from './run-heartbeats.ts'
import { latencyOfCommands } from './run-latency.ts'
import { median, type Row } from './table.ts'

const tmFile = fileURLToPath(new URL('../bin/run.js', import.meta.url))
const hqFile = fileURLToPath(new URL('./run-on-hyperqueue.py', import.meta.url))
const cores = availableParallelism()
/** `TM_BENCH_COMMANDS` for a quick look. */
const commands = Number(process.env.TM_BENCH_COMMANDS ?? 10_000)

export interface Cluster {
  folder: string
  tm(...args: string[]): string
}

export async function run({ runs }: { runs: number }): Promise<Row[]> {
  return await withCluster(async (cluster) => [
    ...rates(cluster, runs),
    ...batches(cluster, runs),
    wholeCommand(cluster, runs),
    busyShare(cluster),
    ...(await latencyOfCommands(cluster)),
    await delayOfHeartbeats(),
    ...outputs(cluster, runs),
    pulled(cluster, runs),
  ])
}

async function withCluster<T>(use: (cluster: Cluster) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'tm-bench-run-'))
  const { PATH = '', HOME = '' } = process.env
  const options: ExecFileSyncOptions = {
    cwd: folder,
    env: { PATH, HOME, TM_DATA_DIR: join(folder, 'data'), TM_CLUSTER: 'bench' },
    stdio: ['ignore', 'pipe', 'ignore'],
    maxBuffer: 1024 ** 3,
  }
  const tm = (...args: string[]) =>
    execFileSync(process.execPath, [tmFile, ...args], options).toString()
  try {
    tm('up', '--local', '--nodes', '1', '--max-workers', '1')
    // Starts the worker, and warms everything up.
    tm('run', '--times', '100', 'true')
    return await use({ folder, tm })
  } finally {
    tm('down', '--yes')
    rmSync(folder, { recursive: true, force: true })
  }
}

function seconds(work: () => void): number {
  const began = performance.now()
  work()
  return (performance.now() - began) / 1000
}

interface Rival {
  name: string
  /** Runs `true` so many times; throws if it is not installed. */
  run(count: number): void
  /** What tm has to reach, in multiples of its rate. */
  floor?: number
  aim?: number
}

const quiet: ExecFileSyncOptions = { stdio: ['pipe', 'ignore', 'ignore'] }
const lines = (count: number) => Array.from({ length: count }, (_, n) => `${n}\n`).join('')

const rivals: Rival[] = [
  {
    name: `xargs -P${cores} -n1`,
    run: (count) =>
      void execFileSync('xargs', [`-P${cores}`, '-n1', 'true'], { ...quiet, input: lines(count) }),
    aim: 0.6,
  },
  {
    name: `parallel -j${cores}`,
    run: (count) =>
      void execFileSync('parallel', [`-j${cores}`, 'true'], { ...quiet, input: lines(count) }),
    floor: 2,
  },
  {
    name: 'HyperQueue',
    run: (count) => {
      const python = process.env.TM_BENCH_HQ
      if (python === undefined) throw new Error('TM_BENCH_HQ is not set')
      execFileSync(python, [hqFile, String(cores), String(count)], quiet)
    },
    floor: 1,
  },
]

/** Each side in turn, so that a slow minute is one of all. */
function rates({ tm }: Cluster, runs: number): Row[] {
  const installed = rivals.filter(isInstalled)
  const own: number[] = []
  const others = new Map<Rival, number[]>(installed.map((rival) => [rival, []]))
  for (let n = 0; n < runs; n += 1) {
    own.push(commands / seconds(() => tm('run', '--times', String(commands), 'true')))
    for (const [rival, found] of others) {
      const count = rival.name.startsWith('parallel') ? Math.ceil(commands / 5) : commands
      found.push(count / seconds(() => rival.run(count)))
    }
  }
  const base = { bench: 'run', unit: 'commands/s' }
  return [
    { ...base, what: `${commands} × true`, value: median(own), runs: own },
    ...[...others].flatMap(([{ name, floor, aim }, found]): Row[] => {
      const ratios = own.map((rate, n) => rate / (found[n] as number))
      const goal = { ...(floor ? { floor } : {}), ...(aim ? { aim } : {}) }
      const ratio = { bench: 'run', unit: '×', runs: ratios, ...goal }
      return [
        { ...base, what: name, value: median(found), runs: found },
        { ...ratio, what: `tm as a multiple of ${name}`, value: median(ratios) },
      ]
    }),
  ]
}

function isInstalled(rival: Rival): boolean {
  try {
    rival.run(10)
    return true
  } catch {
    console.error(`run: ${rival.name} is left out: it is not installed`)
    return false
  }
}

/** Copies need a file to be made for each, on the disk that the node syncs. */
function batches({ tm, folder }: Cluster, runs: number): Row[] {
  const names = Array.from({ length: commands }, (_, n) => join(folder, `in-${n}`))
  for (const name of names) writeFileSync(name, 'x')
  writeFileSync(join(folder, 'names'), names.join('\n'))
  const args = ['run', '--per-task', '100', '--files-from', 'names', 'true {in}']
  return [[], ['--in-place']].map((more): Row => {
    const each = Array.from({ length: runs }, () => commands / seconds(() => tm(...args, ...more)))
    const what = `${commands} files, --per-task 100${more.length > 0 ? ' --in-place' : ', copied'}`
    const floor = more.length > 0 ? { floor: 20_000 } : {}
    return { bench: 'run', what, value: median(each), unit: 'files/s', runs: each, ...floor }
  })
}

function wholeCommand({ tm }: Cluster, runs: number): Row {
  const each = Array.from(
    { length: runs },
    () => 1000 * seconds(() => tm('run', '--times', '1', 'true')),
  )
  const base = { bench: 'run', what: 'tm run true, as a whole', unit: 'ms', less: true }
  return { ...base, value: median(each), runs: each, floor: 450 }
}

/** How much of the time of all processors commands of a second take. */
function busyShare({ tm }: Cluster): Row {
  const count = 10 * cores
  tm('run', '--times', String(count), '--name', 'seconds', 'sleep 1')
  const rows = tm('joblog', 'seconds')
    .trim()
    .split('\n')
    .slice(1)
    .map((row) => row.split('\t'))
  const begins = rows.map((row) => Number(row[2]))
  const ends = rows.map((row) => Number(row[2]) + Number(row[3]))
  const took = Math.max(...ends) - Math.min(...begins)
  const value = (100 * count) / (took * cores)
  return { bench: 'run', what: 'commands of 1 s: processors busy', value, unit: '%', floor: 98 }
}

/** Of one command each, which is mostly the start of it, and of commands that leave a hundred each. */
function outputs({ tm }: Cluster, runs: number): Row[] {
  const [count, bytes, many] = [1000, 64 * 1024, 100]
  const one = ['run', '--array', `1-${count}`, '--detach']
  const line = `head -c ${bytes} /dev/zero > {out}`
  const hundred = `head -c ${many * bytes} /dev/zero | split -b ${bytes} -a 3 - part-`
  const jobs: [string, string[], number?][] = [
    ['outputs of 64 KiB, one of each command', [...one, line, '--out', 'zeros-{n}']],
    [
      `outputs of 64 KiB, ${many} of each command`,
      ['run', '--array', `1-${count / many}`, '--detach', hundred, '--out', 'part-*'],
      100,
    ],
  ]
  return jobs.map(([what, args, floor]): Row => {
    const each = Array.from({ length: runs }, () => {
      const took = seconds(() => tm('wait', tm(...args).trim()))
      return (count * bytes) / 1024 ** 2 / took
    })
    const goal = floor === undefined ? {} : { floor }
    return { bench: 'run', what, value: median(each), unit: 'MB/s', runs: each, ...goal }
  })
}

function pulled({ tm }: Cluster, runs: number): Row {
  const line = 'head -c 10240 /dev/zero > {out}'
  const job = tm('run', '--array', `1-${commands}`, '--detach', line, '--out', 'f{n}').trim()
  tm('wait', job)
  const each = Array.from({ length: runs }, (_, n) => {
    return commands / seconds(() => tm('pull', job, '--to', `pulled-${n}`))
  })
  const what = `tm pull of ${commands} outputs of 10 KiB`
  return { bench: 'run', what, value: median(each), unit: 'files/s', runs: each, floor: 3000 }
}
