/** What this machine, or the container that this process runs in, has for work. */
import { statfsSync } from 'node:fs'
import { availableParallelism, totalmem } from 'node:os'
import type { Resources } from '../core/resources.ts'

/** Asked for with every claim of a worker. */
const freshMs = 1000

/**
 * `folder`: where work keeps its files; its disk counts. The function gives what was read at most a
 * second ago.
 */
export function machineReader(folder: string): () => Resources {
  let last = { at: Number.NEGATIVE_INFINITY, machine: readMachine(folder) }
  return () => {
    const at = performance.now()
    if (at - last.at > freshMs) last = { at, machine: readMachine(folder) }
    return last.machine
  }
}

function readMachine(folder: string): Resources {
  // Of Node's: the limit of the control group, or a number over all memory where there is none.
  const limit = process.constrainedMemory() || Number.POSITIVE_INFINITY
  const { bavail, bsize } = statfsSync(folder)
  return {
    cpus: availableParallelism(),
    memory: Math.min(totalmem(), limit),
    disk: bavail * bsize,
  }
}
