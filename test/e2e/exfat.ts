/**
 * A real file system without hard links and without modes, as memory cards and USB sticks have: exFAT
 * in a file, mounted by the kernel or by exfat-fuse. Only root can, and needs `exfatprogs`.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { messageOf } from '../../src/core/errors.ts'

export interface ExfatDisk {
  folder: string
  remove(): void
}

/** The mode of all its files is 0777 less `umask`. The disk, or why it can't be mounted. */
export function mountExfat(place: string, umask: string): ExfatDisk | { why: string } {
  if (process.platform !== 'linux') return { why: 'loop devices are Linux only' }
  if (process.getuid?.() !== 0) return { why: 'only root may mount a disk' }
  const image = join(place, 'exfat.img')
  const folder = join(place, 'exfat')
  mkdirSync(folder)
  writeFileSync(image, '')
  truncateSync(image, 64 * 1024 ** 2)
  try {
    run('mkfs.exfat', image)
    const device = run('losetup', '--find', '--show', image)
    try {
      mount(device, folder, umask)
    } catch (error) {
      run('losetup', '--detach', device)
      throw error
    }
    return {
      folder,
      remove() {
        run('umount', folder)
        run('losetup', '--detach', device)
      },
    }
  } catch (error) {
    return { why: messageOf(error) }
  }
}

/** Not every kernel knows it. */
function mount(device: string, folder: string, umask: string): void {
  const what = ['-o', `umask=${umask}`, device, folder]
  try {
    run('mount', '-t', 'exfat', ...what)
  } catch {
    run('mount.exfat-fuse', ...what)
  }
}

function run(command: string, ...args: string[]): string {
  return execFileSync(command, args, { encoding: 'utf8', stdio: 'pipe' }).trim()
}
