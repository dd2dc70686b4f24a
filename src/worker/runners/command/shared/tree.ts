/**
 * What a shared file or folder is on a worker's disk: read-only files, and how each looked when it was
 * written, so that a change is noticed.
 */
import { lstatSync } from 'node:fs'
import { join } from 'node:path'

/** `name` is relative to the folder; of a single file it is empty. */
export type TreeNode =
  | { kind: 'dir'; name: string }
  | { kind: 'file'; name: string; mark: Mark }
  | { kind: 'link'; name: string; target: string }

/** Folders before what is in them. */
export interface Tree {
  path: string
  nodes: TreeNode[]
}

/** Whoever writes to a file changes one of these, unless he goes out of his way not to. */
interface Mark {
  size: number
  mtimeMs: number
  mode: number
}

export function markOf(path: string): Mark {
  const { size, mtimeMs, mode } = lstatSync(path)
  return { size, mtimeMs, mode }
}

/** A command has written to what it shares with others. */
export class ChangedOnDisk extends Error {}

/** Throws `ChangedOnDisk`. */
export function requireUnchanged(path: string, mark: Mark): void {
  const now = lstatSync(path, { throwIfNoEntry: false })
  if (now?.size === mark.size && now.mtimeMs === mark.mtimeMs && now.mode === mark.mode) return
  throw new ChangedOnDisk(`${path} changed on the disk`)
}

export function pathOf({ path }: Tree, { name }: Pick<TreeNode, 'name'>): string {
  return name === '' ? path : join(path, name)
}
