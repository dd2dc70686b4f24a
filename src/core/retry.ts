/** What becomes of a task whose attempt failed. Pure: the random number comes in as an argument. */
const firstDelayMs = 1000
/** No retry waits longer than this; a store that starts again uses it as an upper bound. */
export const maxRetryDelayMs = 5 * 60_000

/**
 * Milliseconds to wait after the n-th failure (n ≥ 1): 1 s, 2 s, 4 s … up to 5 minutes, each
 * somewhere between its half and its whole, so that tasks which failed together do not return
 * together ("equal jitter", AWS Architecture Blog, Exponential Backoff And Jitter).
 */
export function retryDelay(failures: number, random: number): number {
  const whole = Math.min(maxRetryDelayMs, firstDelayMs * 2 ** Math.max(0, failures - 1))
  return Math.round(whole / 2 + (whole / 2) * random)
}

/** True when a task that has failed this often is given up. */
export function isExhausted(failures: number, maxAttempts: number): boolean {
  return failures >= maxAttempts
}
