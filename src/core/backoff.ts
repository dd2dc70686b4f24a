/** How long to wait before the next try. Pure: the caller passes the random number. */

export interface BackoffLimits {
  firstMs: number
  maxMs: number
  /** How many times longer each pause is than the one before it. */
  factor?: number
}

/**
 * Milliseconds to wait before retry `n` (n ≥ 0): grows from `firstMs` up to `maxMs`. With `random`
 * in [0, 1) the pause lies between half of that and all of it, so that callers that failed together
 * do not retry together ("equal jitter", AWS Architecture Blog, Exponential Backoff And Jitter).
 */
export function backoffMs(
  n: number,
  { firstMs, maxMs, factor = 2 }: BackoffLimits,
  random = 1,
): number {
  const whole = Math.min(maxMs, firstMs * factor ** Math.max(0, n))
  return Math.round(whole / 2 + (whole / 2) * random)
}
