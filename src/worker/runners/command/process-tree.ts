/**
 * All processes that a command started: its control group, or where it has none its process group, and those
 * that have left that, which are found by a variable in their environment (proc_pid_environ(5); only on Linux),
 * or by their user, if the command has one to itself.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { tagVariable } from '../../../core/process-tags.ts'
import type { AttemptGroup } from './control-groups/attempt-group.ts'
import { isOfCommands } from './users.ts'

export interface Tree {
  /** The process that leads the group. */
  pid: number
  tag: string
  /** If nobody else runs as this user. */
  user?: number | undefined
  /** Of this attempt only; undefined where there are none. */
  group?: AttemptGroup | undefined
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
  const inGroup = tree.group?.usage() ? await tree.group.kill() : undefined
  // Nothing leaves it that runs as a user of its own; what runs as the worker's might.
  if (inGroup !== undefined && (!search || tree.user !== undefined)) return inGroup
  const groupIsLeft = sendTo(-tree.pid, 0)
  // One that is dying may be seen again.
  const killed = new Set<number>()
  // A process may start another one while it is killed.
  while (search || groupIsLeft) {
    const left = await membersOf(tree)
    if (left.length === 0) break
    for (const pid of left) {
      killed.add(pid)
      sendTo(pid, 'SIGKILL')
    }
  }
  if (groupIsLeft) sendTo(-tree.pid, 'SIGKILL')
  return killed.size + (inGroup ?? 0)
}

/** Kills processes of users whose commands have ended: of short ones nobody has looked what they left. */
export function killStrays(isRunning: (user: number) => boolean): void {
  looksAtUsers = true
  // A process may start another one while it is killed.
  for (let n = 0; n < looksForStrays; n += 1) {
    const left = [...look().byUser].filter(([user]) => isOfCommands(user) && !isRunning(user))
    if (left.length === 0) return
    for (const pid of left.flatMap(([, pids]) => pids)) sendTo(pid, 'SIGKILL')
  }
}

const looksForStrays = 20

interface Look {
  byTag: Map<string, number[]>
  byUser: Map<number, number[]>
}

let nextLook: Promise<Look> | undefined
/** Some command has a user of its own: otherwise a look need not read who owns each process. */
let looksAtUsers = false

/**
 * The living processes with the tag, or of the user. All who ask in one turn of the event loop share a look: with a
 * thousand trees that are ended at once, one each would take minutes.
 */
async function membersOf({ tag, user, group }: Tree): Promise<number[]> {
  const inGroup = group?.processes() ?? []
  if (inGroup.length > 0) return inGroup
  if (process.platform !== 'linux') return []
  looksAtUsers ||= user !== undefined
  nextLook ??= new Promise((resolve) => {
    setImmediate(() => {
      nextLook = undefined
      resolve(look())
    })
  })
  const { byTag, byUser } = await nextLook
  const ofUser = user === undefined ? [] : (byUser.get(user) ?? [])
  return [...new Set([...(byTag.get(tag) ?? []), ...ofUser])]
}

/** The processes of all trees. */
function look(): Look {
  const found: Look = { byTag: new Map(), byUser: new Map() }
  const mark = `${tagVariable}=`
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const variables = readProc(`/proc/${pid}/environ`).split('\0')
    const tag = variables.find((one) => one.startsWith(mark))?.slice(mark.length)
    if (tag !== undefined) addTo(found.byTag, tag, Number(pid))
    const user = looksAtUsers ? ownerOf(pid) : undefined
    if (user !== undefined && user > 0) addTo(found.byUser, user, Number(pid))
  }
  return found
}

function addTo<K>(map: Map<K, number[]>, key: K, pid: number): void {
  const members = map.get(key)
  if (members) members.push(pid)
  else map.set(key, [pid])
}

/** Undefined for a process that has ended, or is a zombie: nothing of it is left to be killed. */
function ownerOf(pid: string): number | undefined {
  const status = readProc(`/proc/${pid}/status`)
  if (/^State:\s+Z/m.test(status)) return undefined
  const user = /^Uid:\s+(\d+)/m.exec(status)?.[1]
  return user === undefined ? undefined : Number(user)
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
