/** Clock and randomness of everything that waits for AWS, passed in so that tests run fast. */
import { setTimeout as delay } from 'node:timers/promises'

export interface RetryContext {
  /** A monotonic clock. */
  now(): number
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** From 0 to below 1. */
  random(): number
  /** Ends all retries and waits when it is aborted. */
  signal?: AbortSignal
}

export const systemRetry: RetryContext = {
  now: () => performance.now(),
  sleep: async (ms, signal) => {
    await delay(ms, undefined, signal ? { signal } : {})
  },
  random: Math.random,
}
