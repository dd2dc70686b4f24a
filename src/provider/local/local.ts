/**
 * Machines as processes of this computer. Each carries a tag in its arguments
 * (`tm:FOLDER_HASH:KIND:ID:NODE:LAUNCHED_AT`), so that `list` finds it whoever launched it, and
 * `terminate` never stops an unrelated process that was given a recycled id.
 */
import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { messageOf, TmError } from '../../core/errors.ts'
import { clusterTag } from '../../core/process-tags.ts'
import type { LaunchSpec, Machine, Provider } from '../provider.ts'
import { pruneWorkers } from './ended-workers.ts'
import { lastErrorIn } from './log-tail.ts'
import { findProcesses, type TaggedProcess } from './process-table.ts'
import { stopProcess } from './stop-process.ts'

export interface LocalOptions {
  cluster: string
  /** The cluster's folder. Tells clusters of the same name in two data directories apart. */
  folder: string
  /** How to start `tm`, for example `[process.execPath, 'bin/run.js']`. */
  command: string[]
  /** The complete environment of the machines; nothing else is passed on. */
  env: Record<string, string | undefined>
  /** Wall-clock milliseconds. */
  now?: () => number
}

export function localProvider(options: LocalOptions): Provider {
  const prefix = clusterTag(options.folder)

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
      const machines = (await find()).map(({ machine }) => machine)
      const existing = machines.find(({ id }) => id === spec.id)
      if (existing) return existing
      if (spec.kind === 'worker') {
        pruneWorkers(join(options.folder, 'workers'), new Set(machines.map(({ id }) => id)))
      }
      const launchedAt = (options.now ?? Date.now)()
      const node = spec.kind === 'worker' ? spec.node : ''
      const tag = [prefix + spec.kind, spec.id, node, launchedAt].join(':')
      const pid = await start(options, spec, tag)
      return machineOf({ ...spec, node, cluster: options.cluster, launchedAt, pid })
    },

    async whyEnded(id) {
      const kinds = ['worker', 'node'] as const
      return kinds.map((kind) => lastErrorIn(folderOf(options, { kind, id }))).find(Boolean)
    },

    async terminate(id, { graceMs }) {
      const found = (await find()).filter(({ machine }) => machine.id === id)
      await Promise.all(found.map(({ process }) => stopProcess(process, graceMs)))
    },
  }
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

function machineOf(machine: Machine): Machine {
  const { id, kind, cluster, node, pid, launchedAt } = machine
  return { id, kind, cluster, launchedAt, ...(node ? { node } : {}), ...(pid ? { pid } : {}) }
}

/** Each machine has its own folder inside the cluster's. */
function folderOf({ folder }: LocalOptions, { kind, id }: Pick<Machine, 'kind' | 'id'>): string {
  return join(folder, `${kind}s`, id)
}

/** The token goes through a file, because arguments are visible to everybody. */
function argumentsOf({ cluster }: LocalOptions, spec: LaunchSpec, folder: string): string[] {
  const common = ['--cluster', cluster, '--id', spec.id]
  if (spec.kind === 'node') return ['node', 'serve', ...common]
  const tokenFile = join(folder, 'token')
  writeFileSync(tokenFile, `${spec.token}\n`, { mode: 0o600 })
  return ['worker', 'run', ...common, '--url', spec.url, '--token-file', tokenFile]
}

/** Starts a process that outlives this one and appends its output to a log. Returns its id. */
async function start(options: LocalOptions, spec: LaunchSpec, tag: string): Promise<number> {
  const { command, env } = options
  const [program = process.execPath, ...before] = command
  const folder = folderOf(options, spec)
  let log: number | undefined
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    log = openSync(join(folder, 'log'), 'a', 0o600)
    const args = argumentsOf(options, spec, folder)
    const child = spawn(program, [...before, ...args, '--tag', tag], {
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
    throw new TmError('failed', `A ${spec.kind} did not start: ${messageOf(error)}`, {
      cause: error,
    })
  } finally {
    if (log !== undefined) closeSync(log)
  }
}
