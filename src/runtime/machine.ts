/** What this machine, or the container that this process runs in, has for work. */
import { readdirSync, statfsSync } from 'node:fs'
import { availableParallelism, totalmem } from 'node:os'
import type { Resources } from '../core/resources.ts'

/** Asked for with every claim of a worker. */
const freshMs = 1000

/** A folder for each GPU, where NVIDIA's driver is loaded (its README, "The /proc/driver filesystem"). */
const gpusFolder = '/proc/driver/nvidia/gpus'

/**
 * `folder`: where work keeps its files; its disk counts. The function gives what was read at most a
 * second ago.
 */
export function machineReader(folder: string, drivers = gpusFolder): () => Resources {
  const read = () => readMachine(folder, drivers)
  let last = { at: Number.NEGATIVE_INFINITY, machine: read() }
  return () => {
    const at = performance.now()
    if (at - last.at > freshMs) last = { at, machine: read() }
    return last.machine
  }
}

function countGpus(drivers: string): number {
  try {
    return readdirSync(drivers).length
  } catch {
    return 0
  }
}

function readMachine(folder: string, drivers: string): Resources {
  // Of Node's: the limit of the control group, or a number over all memory where there is none.
  const limit = process.constrainedMemory() || Number.POSITIVE_INFINITY
  const { bavail, bsize } = statfsSync(folder)
  const gpus = countGpus(drivers)
  return {
    cpus: availableParallelism(),
    memory: Math.min(totalmem(), limit),
    disk: bavail * bsize,
    ...(gpus > 0 ? { gpus } : {}),
  }
}
