/**
 * Puts a shared file or folder into the folder of an attempt. Where the file system can clone files
 * (APFS, Btrfs, XFS), each attempt has its own, at no cost; elsewhere the files are hard links.
 */
import { chownSync, constants, copyFileSync, linkSync, mkdirSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setImmediate as pause } from 'node:timers/promises'
import { pathOf, requireUnchanged, type Tree } from './tree.ts'

/** Files between two pauses, in which the worker does what else it has to: about 2 ms. */
const filesAtOnce = 100

export type PutFile = (from: string, to: string) => void

/**
 * Its folders belong to `user`, who may add files; its files belong to the worker. Throws `ChangedOnDisk`
 * if a command has written to one of its files.
 */
export async function place(tree: Tree, to: string, put: PutFile, user?: number): Promise<void> {
  const makeFolder = (path: string) => {
    const first = mkdirSync(path, { recursive: true })
    if (user === undefined || first === undefined) return
    // From the innermost on: all of them are new.
    for (let made = path; made.length >= first.length; made = dirname(made))
      chownSync(made, user, user)
  }
  makeFolder(dirname(to))
  const [first] = tree.nodes
  if (first?.name !== '') makeFolder(to)
  for (const [index, node] of tree.nodes.entries()) {
    const target = node.name === '' ? to : join(to, node.name)
    if (node.kind === 'dir') makeFolder(target)
    else if (node.kind === 'link') symlinkSync(node.target, target)
    else {
      const from = pathOf(tree, node)
      requireUnchanged(from, node.mark)
      put(from, target)
    }
    if (index % filesAtOnce === filesAtOnce - 1) await pause()
  }
}

/** Finds out with the first file what the file system can do. */
export function createPutFile(): PutFile {
  let canClone = true
  return (from, to) => {
    canClone &&= clones(from, to)
    if (!canClone) link(from, to)
  }
}

function clones(from: string, to: string): boolean {
  try {
    copyFileSync(from, to, constants.COPYFILE_FICLONE_FORCE)
    return true
  } catch (error) {
    if (isRefused(error)) return false
    throw error
  }
}

function link(from: string, to: string): void {
  try {
    linkSync(from, to)
  } catch (error) {
    if (!isRefused(error)) throw error
    copyFileSync(from, to)
  }
}

/** The file system, or the kernel, does not do this; or a file has too many links already. */
function isRefused(error: unknown): boolean {
  const { code = '' } = error as NodeJS.ErrnoException
  const codes = ['ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'ENOTTY', 'EINVAL', 'EXDEV', 'EPERM', 'EMLINK']
  return codes.includes(code)
}
