/**
 * Workers that have left, or were terminated. The provider may list them for a while: a process takes
 * a moment to end.
 */
import type { Clock } from '../core/clock.ts'
import type { Machine, Provider } from '../provider/provider.ts'

export interface RemovedWorkersOptions {
  clock: Clock
  provider: Pick<Provider, 'terminate'>
  /** How long a worker that said goodbye may take to end. */
  graceMs: number
  onError: (what: string, error: unknown) => void
}

export function createRemovedWorkers(options: RemovedWorkersOptions) {
  const { clock, provider, graceMs } = options
  const removedAt = new Map<string, number>()

  return {
    add: (id: string): void => void removedAt.set(id, clock().steady),
    size: (): number => removedAt.size,
    has: (id: string): boolean => removedAt.has(id),

    /** Do not signal a worker that is exiting; terminate it only after the grace period. */
    retryTerminate(listed: ReadonlyMap<string, Machine>, now: number): void {
      for (const [id, since] of removedAt) {
        if (!listed.has(id)) removedAt.delete(id)
        else if (now - since > graceMs) {
          removedAt.set(id, now)
          provider.terminate(id, { graceMs }).catch((error) => {
            options.onError(`worker ${id} could not be terminated`, error)
          })
        }
      }
    },
  }
}
