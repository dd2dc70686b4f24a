/** How often launching a worker has failed in a row, and when the next try is due. */
import type { Clock } from '../core/clock.ts'

/** Waits 1 s after the first failure in a row, then 2 s, 4 s … up to a minute. */
export function createLaunchFailures(clock: Clock) {
  let count = 0
  let last: { reason: string; until: number } | undefined

  return {
    add(reason: string): void {
      count += 1
      last = { reason, until: clock().steady + Math.min(60_000, 500 * 2 ** count) }
    },

    /** One has come up: it works again. */
    clear(): void {
      count = 0
      last = undefined
    },

    /** Why not to launch now, if so: milliseconds until the next try. */
    current(): { reason: string; retryIn: number } | undefined {
      const retryIn = last ? last.until - clock().steady : 0
      return last && retryIn > 0 ? { reason: last.reason, retryIn } : undefined
    },
  }
}
