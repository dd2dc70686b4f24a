/**
 * Tells the other nodes which jobs this one has paused, once and at once. A node that does not hear it
 * pauses its part by what it sees itself.
 */
import type { Siblings } from './siblings.ts'
import type { JobStore } from './store/job-store.ts'

export interface PausesOptions {
  store: Pick<JobStore, 'takePauses'>
  siblings: Pick<Siblings, 'list'>
  onPaused: (paused: { id: string; reason: string }) => void
}

const timeoutMs = 3000

export function createPauses({ store, siblings, onPaused }: PausesOptions) {
  return {
    async tick(): Promise<void> {
      for (const paused of await store.takePauses()) {
        onPaused(paused)
        const { id, reason } = paused
        const tell = siblings
          .list()
          .map(({ client }) => client.pauseJob({ params: { id }, json: { reason }, timeoutMs }))
        await Promise.allSettled(tell)
      }
    },
  }
}
