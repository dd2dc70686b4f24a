/**
 * The control group that a worker was given: whatever starts it, such as systemd with `Delegate=yes`, lets it
 * divide its own group among its commands. The kernel allows groups below one that has no processes itself, so
 * the worker moves into a group beside those of its commands.
 */
import { accessSync, constants, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { messageOf } from '../../../../core/errors.ts'
import { readControl, writeControl } from './files.ts'
import { groupOf, pidsOf, wordsOf } from './parse.ts'

/** The folder of the group in which commands get theirs, or why there is none. */
export type Delegated = { folder: string } | { why: string }

interface Options {
  /** Nobody else uses the machine: what shares the group with the worker may be moved. */
  isOwnMachine: boolean
  mount?: string
  isRoot?: boolean
}

/** The group of tm's own processes. */
const ownGroup = 'tm-own'
/** While its processes are moved, they may start others. */
const tries = 5
/** Machines of a local cluster have it among their arguments (`core/process-tags.ts`). */
const machineTag = /(^|\0)tm:[0-9a-f]{16}:/

/** Must be called before the worker starts a process. May be called by several workers of one group. */
export function takeDelegated(options: Options): Delegated {
  try {
    return take(options)
  } catch (error) {
    return { why: messageOf(error) }
  }
}

function take({
  isOwnMachine,
  mount = '/sys/fs/cgroup',
  isRoot = process.getuid?.() === 0,
}: Options): Delegated {
  if (!existsSync(join(mount, 'cgroup.controllers'))) {
    return { why: `this system has no control groups of version 2 at ${mount}` }
  }
  const path = groupOf(readFileSync('/proc/self/cgroup', 'latin1'))
  if (path === undefined) return { why: 'the control group of the worker can not be seen here' }
  const current = join(mount, path)
  const folder = basename(current) === ownGroup ? dirname(current) : current
  // Root may write everywhere. What systemd has not given away it takes back, and ends with the first command
  // that has no more memory. In a container the group is its own.
  if (!isOwnMachine && isRoot && path !== '/') {
    return { why: `root can not see whether the control group ${path} was given to the worker` }
  }
  if (!isWritable(folder)) return { why: `the control group ${path} belongs to somebody else` }
  if (!wordsOf(readControl(folder, 'cgroup.controllers')).includes('memory')) {
    return { why: `the control group ${path} does not control memory` }
  }
  if (folder === current && !moveAway(folder, isOwnMachine)) {
    return { why: `other processes are in the control group ${path}` }
  }
  if (!writeControl(folder, 'cgroup.subtree_control', '+memory')) {
    return { why: `the control group ${path} can not be divided` }
  }
  for (const one of ['+pids', '+cpu']) writeControl(folder, 'cgroup.subtree_control', one)
  return { folder }
}

function isWritable(folder: string): boolean {
  try {
    for (const name of ['', 'cgroup.procs', 'cgroup.subtree_control']) {
      accessSync(join(folder, name), constants.W_OK)
    }
    return true
  } catch {
    return false
  }
}

/** Moves what is in the group into one below it. False, and nothing is moved, if strangers are in it. */
function moveAway(folder: string, isOwnMachine: boolean): boolean {
  const own = join(folder, ownGroup)
  const inGroup = () => pidsOf(readControl(folder, 'cgroup.procs'))
  if (!isOwnMachine && !inGroup().every(isOfTm)) return false
  mkdirSync(own, { recursive: true })
  for (let n = 0; n < tries && inGroup().length > 0; n += 1) {
    for (const pid of inGroup()) writeControl(own, 'cgroup.procs', pid)
  }
  return inGroup().length === 0
}

function isOfTm(pid: number): boolean {
  return pid === process.pid || machineTag.test(readControl(`/proc/${pid}`, 'cmdline'))
}
