/** Hides the files and memory of a node or worker from other users. */
import { writeFileSync } from 'node:fs'

/**
 * For a local process; on an instance the systemd unit does the same. Node can't set the size limit of
 * core files, but on Linux a process can exclude all its memory from them (core(5)). Other systems
 * use the inherited limit, which is 0 by default.
 */
export function keepPrivate(): void {
  process.umask(0o077)
  try {
    if (process.platform === 'linux') writeFileSync('/proc/self/coredump_filter', '0')
  } catch {
    // A container may have a read-only /proc.
  }
}
