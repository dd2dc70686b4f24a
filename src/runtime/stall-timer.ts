/** Watches one transfer, and calls `onStall` once when it has stalled (see `core/stall.ts`). */
import { type StallLimit, timeLeft } from '../core/stall.ts'

export type StallTimer = ReturnType<typeof startStallTimer>

export function startStallTimer(given: StallLimit, onStall: () => void) {
  let limit = given
  let leftMs = limit.limitMs
  let at = performance.now()
  let timer = setTimeout(check, leftMs)

  function moved(bytes: number): void {
    const now = performance.now()
    leftMs = timeLeft(leftMs, { elapsedMs: now - at, bytes }, limit)
    at = now
  }

  function check(): void {
    moved(0)
    if (leftMs <= 0) onStall()
    // Not sooner than the timer's own resolution.
    else timer = setTimeout(check, Math.max(1, leftMs))
  }

  return {
    /** So many bytes were sent or received. */
    moved,
    /** From now on, `limitMs` is the longest silence. */
    restart(limitMs: number): void {
      limit = { ...limit, limitMs }
      leftMs = limitMs
      at = performance.now()
      clearTimeout(timer)
      timer = setTimeout(check, limitMs)
    },
    stop: () => clearTimeout(timer),
  }
}
