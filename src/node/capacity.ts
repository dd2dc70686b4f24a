/** What a worker of this node has for tasks of jobs, and jobs that no worker could ever run. */
import { TmError } from '../core/errors.ts'
import { describeResources, howManyFit, most, type Resources, shareOf } from '../core/resources.ts'
import type { Settings } from '../core/settings.ts'
import { type Suggestion, suggest, tm } from '../core/suggestions.ts'
import type { Siblings } from './siblings.ts'
import type { Workers } from './workers.ts'

export interface CapacityOptions {
  /** What the largest machine of a worker has; undefined if that is not known. */
  machine?: (() => Resources | undefined) | undefined
  /** Nodes and workers share it. */
  isShared: boolean
  workers: Pick<Workers, 'capacity'>
  siblings: Pick<Siblings, 'list'>
  settings: () => Settings
}

export type Capacity = ReturnType<typeof createCapacity>

export function createCapacity({
  machine,
  isShared,
  workers,
  siblings,
  settings,
}: CapacityOptions) {
  function expected(): Resources[] {
    const has = machine?.()
    if (!has) return []
    const { slots, maxWorkers } = settings()
    const sharing = isShared ? Math.max(1, maxWorkers) * (1 + siblings.list().length) : 1
    return [shareOf(has, { workers: sharing, slots })]
  }

  /** Of the largest worker; undefined while nothing is known. */
  function ofWorker(): Resources | undefined {
    const joined = workers.capacity()
    const largest = most([joined, ...expected()])
    if (largest.cpus === 0) return undefined
    if (joined.cpus === 0) return largest
    // A machine has GPUs; a worker has those that a driver shows it.
    const { gpus: _, ...rest } = largest
    return joined.gpus ? { ...rest, gpus: joined.gpus } : rest
  }

  function howToHaveMore(): Suggestion[] {
    if (!isShared) return [suggest`Have larger workers: ${tm('up', { 'worker-type': 'TYPE' })}`]
    if (settings().maxWorkers === 1) return []
    const fewer = tm('up', { local: true, 'max-workers': '1' })
    return [suggest`Have fewer workers, each with more of this machine: ${fewer}`]
  }

  return {
    ofWorker,

    /** Throws `invalid` if no worker could ever run a task that needs this much. */
    require(needs: Resources): void {
      const has = ofWorker()
      if (!has || howManyFit(needs, has) > 0) return
      const message = `No worker can ever run this: a task needs ${describeResources(needs)}, and a worker has ${describeResources(has)}`
      throw new TmError('invalid', message, {
        suggestions: ['Ask for less: --cpus, --memory, --disk, --gpus', ...howToHaveMore()],
      })
    },
  }
}
