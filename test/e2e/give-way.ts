/** Endless work that takes no CPU from the other tests. */

import { readdirSync } from 'node:fs'
import { setPriority } from 'node:os'
import type { Cluster } from './harness.ts'

/** A slot has 3 % of a core while something else wants it, and all of it otherwise. */
const niceness = 15

/**
 * The slots of the workers that run now give way to whatever else wants the CPU. Their main threads
 * stay as they are: leases are renewed as ever. Only on Linux threads have priorities of their own.
 */
export async function giveWay(cluster: Cluster): Promise<void> {
  if (process.platform !== 'linux') return
  for (const { pid } of await cluster.processes('worker')) {
    try {
      for (const thread of readdirSync(`/proc/${pid}/task`).map(Number)) {
        if (thread !== pid) setPriority(thread, niceness)
      }
    } catch {
      // The worker has ended meanwhile.
    }
  }
}
