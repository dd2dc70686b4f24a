/** How many workers there ever were at a time, by the process table. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Cluster } from './harness.ts'

/** Looks all the time, until it is stopped. */
export function countWorkers(cluster: Cluster) {
  let most = 0
  let stopped = false
  async function look(): Promise<void> {
    while (!stopped) {
      most = Math.max(most, (await cluster.processes('worker')).length)
      await sleep(30)
    }
  }
  const looking = look()
  return {
    async stop(): Promise<number> {
      stopped = true
      await looking
      return most
    },
  }
}
