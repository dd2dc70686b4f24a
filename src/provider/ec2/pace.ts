/** Time and chance for everything that waits for AWS, passed in so that a test can be quick. */
import { setTimeout as delay } from 'node:timers/promises'

export interface Pace {
  /** Milliseconds that only move forward. */
  now(): number
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** From 0 to below 1. */
  random(): number
  /** Ends every wait when it is aborted. */
  signal?: AbortSignal
}

export const systemPace: Pace = {
  now: () => performance.now(),
  sleep: async (ms, signal) => {
    await delay(ms, undefined, signal ? { signal } : {})
  },
  random: Math.random,
}

/**
 * Milliseconds before the n-th retry (n ≥ 0): doubling from `first` up to `most`, each somewhere
 * between its half and its whole ("equal jitter", AWS Architecture Blog, Exponential Backoff And
 * Jitter).
 */
export function backoff(
  n: number,
  random: number,
  { first, most }: { first: number; most: number },
): number {
  const whole = Math.min(most, first * 2 ** Math.min(n, 20))
  return Math.round(whole / 2 + (whole / 2) * random)
}
