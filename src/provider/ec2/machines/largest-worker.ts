/** What the largest machine that may become a worker has. */
import type { Shape } from '../../../api/contract/terms.ts'
import { most, type Resources } from '../../../core/resources.ts'

/** Undefined if the terms are of an older tm, which did not note the memory. */
export function largestWorker({ types, volumeSize }: Shape): Resources | undefined {
  const disk = volumeSize * 1024 ** 3
  const known = types.flatMap(({ vcpus, memory, gpus = 0 }) =>
    vcpus > 0 && memory ? [{ cpus: vcpus, memory, disk, gpus }] : [],
  )
  return known.length > 0 ? most(known) : undefined
}
