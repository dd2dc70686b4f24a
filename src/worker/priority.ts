/** Priorities of a worker's threads, for when there are more busy threads than cores. */
import { getPriority, setPriority } from 'node:os'

const niceness = 10

/**
 * Lowers the priority of this thread below the slots. On Linux a priority belongs to a thread, and
 * existing threads keep theirs (setpriority(2), "C library/kernel differences"). On two cores shared
 * with a node, slots reached 93 % of the kernel's speed alone; without this, 87 to 91 %. It is only a
 * wish: who started with less (`nice -n 19`) may not have more, and a sandbox may allow neither.
 */
export function giveWayToSlots(): void {
  if (process.platform !== 'linux') return
  try {
    if (getPriority(0) < niceness) setPriority(0, niceness)
  } catch {}
}
