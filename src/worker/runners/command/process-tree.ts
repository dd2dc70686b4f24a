/**
 * All processes that a command started: its process group, and those that have left the group, which
 * are found by a variable in their environment (proc_pid_environ(5); only on Linux).
 */
import { readdirSync, readFileSync } from 'node:fs'
import { tagVariable } from '../../../core/process-tags.ts'

export interface Tree {
  /** The process that leads the group. */
  pid: number
  tag: string
}

/** Sends a signal to every process of the tree. */
export function signalTree(tree: Tree, signal: NodeJS.Signals): void {
  sendTo(-tree.pid, signal)
  for (const pid of outsideOf(tree)) sendTo(pid, signal)
}

/**
 * Kills what is left of the tree after its leader has ended. How many processes that were. Without
 * `search` only the group: reading all processes takes milliseconds.
 */
export function killTree(tree: Tree, { search }: { search: boolean }): number {
  const groupIsLeft = sendTo(-tree.pid, 0)
  let killed = 0
  // A process may start another one while it is killed.
  while (search || groupIsLeft) {
    const left = membersOf(tree)
    if (left.length === 0) break
    killed += left.length
    for (const pid of left) sendTo(pid, 'SIGKILL')
  }
  if (groupIsLeft) sendTo(-tree.pid, 'SIGKILL')
  return killed
}

function outsideOf(tree: Tree): number[] {
  return membersOf(tree).filter((pid) => pid !== tree.pid)
}

/** The living processes with the tag. */
function membersOf({ tag }: Tree): number[] {
  if (process.platform !== 'linux') return []
  const mark = `${tagVariable}=${tag}`
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => readProc(`/proc/${pid}/environ`).split('\0').includes(mark))
    .map(Number)
}

/** Empty for a process that has ended, is a zombie, or belongs to somebody else. */
function readProc(file: string): string {
  try {
    return readFileSync(file, 'latin1')
  } catch {
    return ''
  }
}

function sendTo(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, signal)
    return true
  } catch {
    return false
  }
}
