/**
 * Machines as processes of this computer. Each carries its tag in its arguments
 * (`tm:FOLDER_HASH:KIND:ID:NODE:LAUNCHED_AT`), so that `list` finds it whoever launched it, and
 * `terminate` never stops a process that only got the id of an old one.
 */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf, TmError } from '../core/errors.ts'
import { lastErrorIn } from './last-words.ts'
import { findProcesses, isAlive, type TaggedProcess } from './process-table.ts'
import type { LaunchSpec, Machine, Provider } from './provider.ts'

export interface LocalOptions {
  cluster: string
  /** The cluster's folder: two clusters of the same name in two data directories stay apart. */
  folder: string
  /** What starts `tm`, for example `[process.execPath, 'bin/run.js']`. */
  command: string[]
  /** The whole environment of what is launched: only what is named here is passed on. */
  env: Record<string, string | undefined>
  /** Wall-clock milliseconds. */
  now?: () => number
}

export function localProvider(options: LocalOptions): Provider {
  const prefix = `tm:${tagOf(options.folder)}:`
  /** Where those that were launched here have their logs. */
  const folders = new Map<string, string>()

  async function find(): Promise<{ machine: Machine; process: TaggedProcess }[]> {
    const processes = await findProcesses(prefix)
    return processes.flatMap((process) => {
      const machine = readTag(process, prefix, options.cluster)
      return machine ? [{ machine, process }] : []
    })
  }

  return {
    async list() {
      return (await find()).map(({ machine }) => machine)
    },

    async launch(spec) {
      const existing = (await find()).find(({ machine }) => machine.id === spec.id)
      if (existing) return existing.machine
      folders.set(spec.id, spec.folder)
      const launchedAt = (options.now ?? Date.now)()
      const tag = [prefix + spec.kind, spec.id, spec.node ?? '', launchedAt].join(':')
      const pid = await start(options, spec, tag)
      return machineOf({ ...spec, cluster: options.cluster, launchedAt, pid })
    },

    async whyEnded(id) {
      const folder = folders.get(id)
      return folder === undefined ? undefined : lastErrorIn(folder)
    },

    async terminate(id, { grace }) {
      const found = (await find()).filter(({ machine }) => machine.id === id)
      await Promise.all(found.map(({ process }) => stop(process, grace)))
    },
  }
}

function tagOf(folder: string): string {
  return createHash('sha256').update(folder).digest('hex').slice(0, 16)
}

function readTag(
  { args, pid }: TaggedProcess,
  prefix: string,
  cluster: string,
): Machine | undefined {
  const tag = args.find((arg) => arg.startsWith(prefix))
  const [kind, id, node, launchedAt] = tag?.slice(prefix.length).split(':') ?? []
  if ((kind !== 'node' && kind !== 'worker') || !id) return undefined
  return machineOf({ id, kind, cluster, node, pid, launchedAt: Number(launchedAt) })
}

function machineOf(machine: Machine & { args?: string[]; folder?: string }): Machine {
  const { id, kind, cluster, node, pid, launchedAt } = machine
  return { id, kind, cluster, launchedAt, ...(node ? { node } : {}), ...(pid ? { pid } : {}) }
}

/** Starts a process that outlives us, its output appended to a log; its id once it runs. */
async function start(
  { command, env }: LocalOptions,
  { args, folder, kind }: LaunchSpec,
  tag: string,
): Promise<number> {
  const [program = process.execPath, ...before] = command
  const topic = kind === 'node' ? ['node', 'serve'] : ['worker', 'run']
  let log: number | undefined
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    log = openSync(join(folder, 'log'), 'a', 0o600)
    const child = spawn(program, [...before, ...topic, ...args, '--tag', tag], {
      detached: true,
      stdio: ['ignore', log, log],
      cwd: folder,
      env,
    })
    await new Promise((resolve, reject) => {
      child.once('spawn', resolve)
      child.once('error', reject)
    })
    child.unref()
    return child.pid as number
  } catch (error) {
    throw new TmError('failed', `A ${kind} did not start: ${messageOf(error)}`, { cause: error })
  } finally {
    if (log !== undefined) closeSync(log)
  }
}

/** SIGTERM, then SIGKILL after the grace time, for this very process only. */
async function stop(process: TaggedProcess, grace: number): Promise<void> {
  await send(process, 'SIGTERM')
  if (await isGone(process, grace)) return
  await send(process, 'SIGKILL')
  if (await isGone(process, 10_000)) return
  throw new TmError('failed', `Process ${process.pid} does not stop`, {
    suggestions: [`Look at it: ps -fp ${process.pid}`],
  })
}

async function send(target: TaggedProcess, signal: NodeJS.Signals): Promise<void> {
  if (!(await isAlive(target))) return
  try {
    process.kill(target.pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

async function isGone(process: TaggedProcess, within: number): Promise<boolean> {
  const start = performance.now()
  let pause = 5
  while (await isAlive(process)) {
    if (performance.now() - start > within) return false
    await sleep(pause)
    pause = Math.min(100, pause * 1.5)
  }
  return true
}
