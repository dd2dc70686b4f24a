/**
 * What commands use. About: processor time of those that have ended, and the memory of those that run,
 * from /proc (proc(5); only on Linux). Exactly: from control groups, which not every machine has.
 */
import { readFileSync } from 'node:fs'
import type { Usage } from './control-groups/attempt-group.ts'

/** Milliseconds. */
export interface CpuTime {
  user: number
  system: number
}

/** Clock ticks are 10 ms on every Linux that we know: sysconf(_SC_CLK_TCK) is 100. */
const tickMs = 10

/**
 * Gives the processor time of the child that has just ended, and of its own children that it has
 * waited for: what was added to this process's sum. Of two that end in the same moment, the first
 * gets the time of both. Undefined where it is not known.
 */
export function createCpuClock(): () => CpuTime | undefined {
  let before = childrenTime()
  return () => {
    const now = childrenTime()
    const used = before &&
      now && { user: now.user - before.user, system: now.system - before.system }
    before = now
    return used
  }
}

function childrenTime(): CpuTime | undefined {
  // The name of the program, in parentheses, may have spaces: fields are counted from behind it.
  const [, rest = ''] = /\) (.*)/s.exec(readProc('/proc/self/stat')) ?? []
  const fields = rest.split(' ')
  const [user, system] = [Number(fields[13]), Number(fields[14])]
  if (rest === '' || Number.isNaN(user + system)) return undefined
  return { user: user * tickMs, system: system * tickMs }
}

/** When memory is looked at: soon, and then more and more rarely. */
const look = { firstMs: 100, factor: 1.5, maxMs: 2000 }

export interface MemoryWatch {
  /** The most bytes that a process and its descendants had at once; undefined if it ended too soon. */
  peak(): number | undefined
  stop(): void
}

export function watchMemory(pid: number): MemoryWatch {
  let peak = 0
  let pauseMs = look.firstMs
  let timer: NodeJS.Timeout | undefined

  function wait(): void {
    timer = setTimeout(() => {
      peak = Math.max(peak, memoryOf(pid))
      pauseMs = Math.min(look.maxMs, pauseMs * look.factor)
      wait()
    }, pauseMs)
  }
  if (process.platform === 'linux') wait()

  return {
    peak: () => (peak === 0 ? undefined : peak),
    stop: () => clearTimeout(timer),
  }
}

/** More processes of one command are not looked at. */
const maxProcesses = 200

/** The peaks of a process and its living descendants, together. */
function memoryOf(root: number): number {
  const pids = [root]
  let bytes = 0
  for (let at = 0; at < Math.min(pids.length, maxProcesses); at += 1) {
    const pid = pids[at] as number
    const [, kib = '0'] = /^VmHWM:\s+(\d+) kB/m.exec(readProc(`/proc/${pid}/status`)) ?? []
    bytes += Number(kib) * 1024
    const children = readProc(`/proc/${pid}/task/${pid}/children`).trim()
    if (children !== '') pids.push(...children.split(' ').map(Number))
  }
  return bytes
}

/** Empty for a process that has ended. */
function readProc(file: string): string {
  try {
    return readFileSync(file, 'latin1')
  } catch {
    return ''
  }
}

/** As a part of what is said of a command that has ended. */
export function about(cpu: CpuTime | undefined, peakMemory: number | undefined) {
  return {
    ...(cpu ? { userMs: cpu.user, systemMs: cpu.system } : {}),
    ...(peakMemory === undefined ? {} : { peakMemory }),
  }
}

/** `seen`: its peak as far as somebody has looked, for a kernel that does not say it. */
export function exactly(usage: Usage, seen: number | undefined) {
  const { userMs, systemMs, peakMemory = seen, outOfMemory } = usage
  return {
    userMs,
    systemMs,
    // A shell that does nothing else takes no page of its own.
    ...(peakMemory ? { peakMemory } : {}),
    ...(usage.peakMemory === undefined ? {} : { exact: true as const }),
    ...(outOfMemory ? { outOfMemory } : {}),
  }
}
