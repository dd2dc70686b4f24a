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

/** Sends a signal to every process of the tree. Resolves when all have it. */
export async function signalTree(tree: Tree, signal: NodeJS.Signals): Promise<void> {
  sendTo(-tree.pid, signal)
  const members = await membersOf(tree)
  for (const pid of members) if (pid !== tree.pid) sendTo(pid, signal)
}

/**
 * Kills what is left of the tree after its leader has ended. How many processes that were. Without
 * `search` only the group: reading all processes takes milliseconds.
 */
export async function killTree(tree: Tree, { search }: { search: boolean }): Promise<number> {
  const groupIsLeft = sendTo(-tree.pid, 0)
  let killed = 0
  // A process may start another one while it is killed.
  while (search || groupIsLeft) {
    const left = await membersOf(tree)
    if (left.length === 0) break
    killed += left.length
    for (const pid of left) sendTo(pid, 'SIGKILL')
  }
  if (groupIsLeft) sendTo(-tree.pid, 'SIGKILL')
  return killed
}

let nextLook: Promise<Map<string, number[]>> | undefined

/**
 * The living processes with the tag. All who ask in one turn of the event loop share a look: with a
 * thousand trees that are ended at once, one each would take minutes.
 */
async function membersOf({ tag }: Tree): Promise<number[]> {
  if (process.platform !== 'linux') return []
  nextLook ??= new Promise((resolve) => {
    setImmediate(() => {
      nextLook = undefined
      resolve(look())
    })
  })
  return (await nextLook).get(tag) ?? []
}

/** The processes of all trees, by their tags. */
function look(): Map<string, number[]> {
  const found = new Map<string, number[]>()
  const mark = `${tagVariable}=`
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const variables = readProc(`/proc/${pid}/environ`).split('\0')
    const tag = variables.find((one) => one.startsWith(mark))?.slice(mark.length)
    if (tag === undefined) continue
    const members = found.get(tag)
    if (members) members.push(Number(pid))
    else found.set(tag, [Number(pid)])
  }
  return found
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
