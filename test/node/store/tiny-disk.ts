/**
 * A disk of a few MiB, mounted in a temporary folder. Only root can, and not in every container.
 */
import { execFileSync } from 'node:child_process'
import { messageOf } from '../../../src/core/errors.ts'
import { temporaryFolder } from './folder.ts'

export interface TinyDisk {
  folder: string
  /** Mounts it again with other options, such as `size=8m` or `ro`. Keeps its files. */
  remount(options: string): void
  remove(): void
}

/** The disk, or why it can't be mounted. */
export function mountTinyDisk(size: string): TinyDisk | { why: string } {
  if (process.platform !== 'linux') return { why: 'tmpfs is Linux only' }
  if (process.getuid?.() !== 0) return { why: 'only root may mount a tmpfs' }
  const { folder, remove } = temporaryFolder()
  const run = (...args: string[]) => execFileSync('mount', args, { stdio: 'pipe' })
  try {
    run('-t', 'tmpfs', '-o', `size=${size},mode=0700`, 'tmpfs', folder)
  } catch (error) {
    remove()
    return { why: messageOf(error) }
  }
  return {
    folder,
    remount: (options) => run('-o', `remount,${options}`, folder),
    remove() {
      execFileSync('umount', [folder])
      remove()
    },
  }
}
