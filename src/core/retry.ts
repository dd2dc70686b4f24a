/** What happens to a task whose attempt failed. Pure: the caller passes the random number. */
import { backoffMs } from './backoff.ts'

/** No retry waits longer than this. A store that restarts uses it as an upper bound. */
export const maxRetryDelayMs = 5 * 60_000

/** The wait after the n-th failure (n ≥ 1): 1 s, 2 s, 4 s … up to 5 minutes, with jitter. */
export function retryDelayMs(failures: number, random: number): number {
  return backoffMs(failures - 1, { firstMs: 1000, maxMs: maxRetryDelayMs }, random)
}

/** Whether to give up on a task that has failed this many times. */
export function isExhausted(failures: number, maxAttempts: number): boolean {
  return failures >= maxAttempts
}
