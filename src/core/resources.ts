/** What a task needs of a worker while it runs, and what a worker has for its tasks. Pure. */
import { formatBytes } from './bytes.ts'
import { pluralize } from './text.ts'

export interface Resources {
  /** Processors. */
  cpus: number
  /** Bytes. */
  memory: number
  /** Bytes. */
  disk: number
  /** Graphics processors, each for one task at a time; none if undefined. */
  gpus?: number
}

/** What a worker has for tasks of jobs. */
export interface Room {
  free: Resources
  /** With nothing running. */
  total: Resources
  /**
   * Tasks that need one processor and nothing else: leased up to this number, if one is free. More
   * than fit at once, if they are short.
   */
  batch: number
}

/** What a task needs whose job does not say. */
export const oneCpu: Resources = { cpus: 1, memory: 0, disk: 0 }

const nothing: Resources = { cpus: 0, memory: 0, disk: 0 }

/** Of a worker that wants no tasks of jobs now. */
export const noRoom: Room = { free: nothing, total: nothing, batch: 1 }

/**
 * Bytes. A machine whose disk has less has none for tasks of jobs: each of them has a folder of its own, and
 * its stdout and stderr are files.
 */
export const leastDisk = 16 * 1024 ** 2

const names = ['cpus', 'memory', 'disk', 'gpus'] as const
type Name = (typeof names)[number]

const amountOf = (resources: Resources, name: Name): number => resources[name] ?? 0

/** None are left out: most machines have none. */
const withGpus = (gpus: number) => (gpus > 0 ? { gpus } : {})

export function isOneCpu(needs: Resources): boolean {
  return names.every((name) => amountOf(needs, name) === amountOf(oneCpu, name))
}

/** How many tasks with these needs run at the same time on what is there. */
export function howManyFit(needs: Resources, there: Resources): number {
  const fit = names.map((name) => {
    const needed = amountOf(needs, name)
    return needed > 0 ? Math.floor(amountOf(there, name) / needed) : Number.POSITIVE_INFINITY
  })
  return Math.max(0, Math.min(...fit))
}

/** What is left beside this many tasks. Never below 0. */
export function without(there: Resources, needs: Resources, tasks = 1): Resources {
  const left = (name: Name) => Math.max(0, amountOf(there, name) - tasks * amountOf(needs, name))
  const gpus = withGpus(left('gpus'))
  return { cpus: left('cpus'), memory: left('memory'), disk: left('disk'), ...gpus }
}

/** For the operating system and tm itself. */
const reservedMemory = 512 * 1024 ** 2

/**
 * What one worker has for its tasks. `workers`: how many share the machine. A processor for each of
 * its slots at least, since these tasks may also wait for a disk or a network. No disk if it is full:
 * then it takes none of them. GPUs only for one that has the machine to itself: nobody shares them out.
 */
export function shareOf(
  { cpus, memory, disk, gpus = 0 }: Resources,
  { workers, slots }: { workers: number; slots: number },
): Resources {
  const share = (whole: number) => Math.max(0, Math.floor(whole / workers))
  return {
    cpus: Math.max(slots, share(cpus)),
    memory: share(memory - reservedMemory),
    disk: disk < leastDisk ? 0 : share(disk),
    ...withGpus(workers === 1 ? gpus : 0),
  }
}

/** The most of each. */
export function most(all: Resources[]): Resources {
  const largest = (name: Name) => Math.max(0, ...all.map((one) => amountOf(one, name)))
  const gpus = withGpus(largest('gpus'))
  return { cpus: largest('cpus'), memory: largest('memory'), disk: largest('disk'), ...gpus }
}

/** `2 cpus, 1.5 GiB of memory, 1 GPU`. Without what is 0. */
export function describeResources({ cpus, memory, disk, gpus = 0 }: Resources): string {
  return [
    pluralize(cpus, 'cpu'),
    ...(memory > 0 ? [`${formatBytes(memory)} of memory`] : []),
    ...(disk > 0 ? [`${formatBytes(disk)} of disk`] : []),
    ...(gpus > 0 ? [pluralize(gpus, 'GPU')] : []),
  ].join(', ')
}
