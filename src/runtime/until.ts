/** Polls a condition until it holds. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type BackoffLimits, backoffMs } from '../core/backoff.ts'

export interface UntilOptions {
  /** How long to poll. Forever if undefined. */
  withinMs?: number
  /** The pause between two polls: constant, or growing. */
  pauseMs: number | BackoffLimits
  /**
   * The largest share of the time that polling itself may take, so that it does not slow down what
   * it polls.
   */
  share?: number
  /** When it is aborted, `until` throws its reason. */
  signal?: AbortSignal | undefined
}

type Found<T> = Exclude<T, undefined | null | false>

/**
 * The first value of `poll` that is not false, null or undefined; undefined when the time is over.
 * Polls at least once, and once more when the time is over.
 */
export async function until<T>(
  poll: () => T | Promise<T>,
  { withinMs = Infinity, pauseMs, share = 1, signal }: UntilOptions,
): Promise<Found<T> | undefined> {
  const began = performance.now()
  for (let n = 0; ; n += 1) {
    signal?.throwIfAborted()
    const polledAt = performance.now()
    const found = await poll()
    if (found !== undefined && found !== null && found !== false) return found as Found<T>
    const now = performance.now()
    const leftMs = began + withinMs - now
    if (leftMs <= 0) return undefined
    const nextPauseMs = typeof pauseMs === 'number' ? pauseMs : backoffMs(n, pauseMs)
    const minPauseMs = ((now - polledAt) * (1 - share)) / share
    await sleep(Math.min(leftMs, Math.max(nextPauseMs, minPauseMs)), undefined, { signal })
  }
}
