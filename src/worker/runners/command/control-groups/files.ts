/** The files and folders of control groups: everything in them may be missing, and may go at any time. */
import { readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pidsOf } from './parse.ts'

/** Empty if it can't be read: the kernel is older, or the group is gone. */
export function readControl(folder: string, name: string): string {
  try {
    return readFileSync(join(folder, name), 'latin1')
  } catch {
    return ''
  }
}

/** False if the kernel does not have it, or does not take it. */
export function writeControl(folder: string, name: string, value: string | number): boolean {
  try {
    writeFileSync(join(folder, name), String(value), { flag: 'w' })
    return true
  } catch {
    return false
  }
}

function foldersIn(folder: string): string[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true })
    return entries.filter((one) => one.isDirectory()).map(({ name }) => join(folder, name))
  } catch {
    return []
  }
}

/** Of a group, and of those that its processes may have made in it. */
export function processesIn(folder: string): number[] {
  const own = pidsOf(readControl(folder, 'cgroup.procs'))
  return [...own, ...foldersIn(folder).flatMap(processesIn)]
}

/** Removes a group without processes. False if it is still there. */
export function removeGroup(folder: string): boolean {
  for (const inner of foldersIn(folder)) removeGroup(inner)
  try {
    rmdirSync(folder)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT'
  }
}
