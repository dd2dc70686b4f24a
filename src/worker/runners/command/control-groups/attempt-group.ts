/**
 * The control group of one attempt of a command: what it may use, what it has used, and the end of all that it has
 * started. By plain files: a call to systemd for each takes longer than a short command.
 */
import { existsSync, mkdirSync, openSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { processesIn, readControl, removeGroup, writeControl } from './files.ts'
import { cpuTimeOf, numbersOf, weightOf } from './parse.ts'

/** A fork bomb ends here. */
const mostProcesses = 10_000
/** Longer than this takes only a process that waits for a broken disk: then its group is left. */
const endWithinMs = 10_000
const maxPauseMs = 50

/** The name says which spawner has made it. */
const groupNames = /^tm-(\d+)-\d+$/

export interface GroupLimits {
  cpus: number
  /** Bytes; no limit if 0. */
  memory: number
}

export interface Usage {
  userMs: number
  systemMs: number
  /** Bytes; undefined before Linux 5.19. */
  peakMemory: number | undefined
  /** The kernel has killed a process of it: it, or else the machine, had no more memory. Undefined if not. */
  outOfMemory: 'own' | 'machine' | undefined
}

export interface AttemptGroup {
  /** A descriptor. Whoever writes `0` there joins the group, whatever the user: who opened it counts. */
  openEntry(): number
  processes(): number[]
  /** Undefined if nothing has ever joined it. */
  usage(): Usage | undefined
  /** Kills everything in it, also what is started meanwhile. Resolves to how many processes that were. */
  kill(): Promise<number>
  remove(): void
}

/** Undefined if there can't be one: then the command is in a process group only. */
export function createAttemptGroup(
  parent: string,
  number: number,
  { cpus, memory }: GroupLimits,
): AttemptGroup | undefined {
  const folder = join(parent, `tm-${process.pid}-${number}`)
  try {
    mkdirSync(folder)
  } catch {
    return undefined
  }
  const set = (name: string, value: string | number) => writeControl(folder, name, value)
  if (memory > 0) {
    set('memory.max', memory)
    set('memory.swap.max', 0)
  }
  // A command that has lost one of its processes goes on, and ends with what nobody understands.
  set('memory.oom.group', 1)
  set('pids.max', mostProcesses)
  if (cpus !== 1) set('cpu.weight', weightOf(cpus))

  return {
    openEntry: () => openSync(join(folder, 'cgroup.procs'), 'w'),
    processes: () => processesIn(folder),
    usage: () => usageIn(folder),
    kill: () => killAllIn(folder),
    remove: () => void removeGroup(folder),
  }
}

/** Of spawners that were killed: another one takes their place. */
export async function endLeftGroups(parent: string): Promise<void> {
  const isLeft = (name: string) => !existsSync(`/proc/${groupNames.exec(name)?.[1]}`)
  const names = readdirSync(parent).filter((name) => groupNames.test(name) && isLeft(name))
  for (const folder of names.map((name) => join(parent, name))) {
    await killAllIn(folder)
    removeGroup(folder)
  }
}

async function killAllIn(folder: string): Promise<number> {
  const isEmpty = () => !/^populated 1$/m.test(readControl(folder, 'cgroup.events'))
  const left = processesIn(folder).length
  const began = performance.now()
  for (let pauseMs = 1; !isEmpty(); pauseMs = Math.min(maxPauseMs, 2 * pauseMs)) {
    if (performance.now() - began > endWithinMs) break
    // Since Linux 5.14.
    if (!writeControl(folder, 'cgroup.kill', 1)) killEach(processesIn(folder))
    await sleep(pauseMs)
  }
  return left
}

function killEach(pids: number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It has ended.
    }
  }
}

function usageIn(folder: string): Usage | undefined {
  const stat = readControl(folder, 'cpu.stat')
  const time = cpuTimeOf(stat)
  if (!time || !numbersOf(stat).usage_usec) return undefined
  const peak = readControl(folder, 'memory.peak')
  const { oom: atLimit = 0, oom_kill: kills = 0 } = numbersOf(readControl(folder, 'memory.events'))
  const outOfMemory = kills === 0 ? undefined : atLimit > 0 ? 'own' : 'machine'
  return { ...time, peakMemory: peak === '' ? undefined : Number(peak), outOfMemory }
}

/**
 * The arguments of a program that joins a group first: descriptor 3 is its entry. The shell that reads a script
 * does it, and any other program has one in front that becomes the program; neither is a process more.
 */
export function joining(argv: string[]): string[] {
  const join = 'echo 0 >&3 2>/dev/null; exec 3>&-'
  const [program, flag, script, ...rest] = argv
  const isScript = script !== undefined && !script.startsWith('-')
  if (program === '/bin/sh' && flag === '-c' && isScript)
    return [program, flag, `${join}; ${script}`, ...rest]
  return ['/bin/sh', '-c', `${join}; exec "$@"`, 'sh', ...argv]
}
