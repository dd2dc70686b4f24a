/**
 * When a transfer counts as stalled. The limit is for silence, not for the whole transfer: time runs out
 * while nothing moves, and each byte that moves gives some back. So a large body may take an hour over a
 * slow line, and one byte a second is no better than silence.
 */

export interface StallLimit {
  /** The longest silence. */
  limitMs: number
  /** The slowest transfer that may go on. */
  bytesPerSecond: number
}

/** A seventh of what a modem of 56 kbit/s carries. */
export const stallLimit: StallLimit = { limitMs: 30_000, bytesPerSecond: 1024 }

/** The time left, after `elapsedMs` in which so many bytes moved. Stalled if it is not over 0. */
export function timeLeft(
  leftMs: number,
  { elapsedMs, bytes }: { elapsedMs: number; bytes: number },
  { limitMs, bytesPerSecond }: StallLimit,
): number {
  return Math.min(limitMs, leftMs - elapsedMs + (bytes * 1000) / bytesPerSecond)
}
