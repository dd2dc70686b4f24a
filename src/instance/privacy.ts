/** What a node or worker writes, and what it has in memory, is for nobody else. */
import { writeFileSync } from 'node:fs'

/**
 * For a process of this machine; the unit of an instance says the same. Node can't set the limit for
 * core files, but on Linux a process says itself what of its memory they hold: nothing (core(5)). On
 * other systems the limit of whoever started it holds, which is 0 unless somebody has raised it.
 */
export function keepPrivate(): void {
  process.umask(0o077)
  try {
    if (process.platform === 'linux') writeFileSync('/proc/self/coredump_filter', '0')
  } catch {
    // A container may have /proc for reading only: no reason not to work in it.
  }
}
