/**
 * Failed launches of workers in a row: when to try again, and what to tell people. A worker that ends
 * soon after it has joined counts too: another one would most likely end the same way.
 */
import { type BackoffLimits, backoffMs } from '../core/backoff.ts'
import type { Clock } from '../core/clock.ts'
import { describeDuration } from '../core/duration.ts'

const backoff: BackoffLimits = { firstMs: 1000, maxMs: 60_000 }
/** A worker that is there for this long after it has joined is well. */
const soonMs = 10_000
/** A failure is over this long after the next try was due: nothing was launched since. */
const forgetAfterMs = 60_000

/** What is known of a worker while it runs. */
export interface Life {
  id: string
  /** Steady milliseconds; undefined if it never joined. */
  joinedAt?: number
  /** Known to work: it has delivered the outcome of a task, or was there for long enough. */
  well: boolean
}

export function isWell({ joinedAt, well }: Life, now: number): boolean {
  return well || (joinedAt !== undefined && now - joinedAt >= soonMs)
}

/** `why`: its last words, if it left any. */
export function describeEnd({ id, joinedAt }: Life, now: number, why: string | undefined): string {
  const when =
    joinedAt === undefined
      ? 'before it joined'
      : `${describeDuration(now - joinedAt)} after it joined`
  return `worker ${id} ended ${when}${why ? `: ${why}` : ''}`
}

export type LaunchFailures = ReturnType<typeof createLaunchFailures>

/** Waits 1 s after the first failure in a row, then 2 s, 4 s … up to a minute. */
export function createLaunchFailures(clock: Clock) {
  let count = 0
  let last: { reason: string; until: number } | undefined

  /** Undefined if there is none, or if it is long ago. */
  function recent() {
    if (last && clock().steady - last.until > forgetAfterMs) clear()
    return last
  }

  /** Another worker is well: launching works again. */
  function clear(): void {
    count = 0
    last = undefined
  }

  return {
    add(reason: string): void {
      recent()
      count += 1
      last = { reason, until: clock().steady + backoffMs(count - 1, backoff) }
    },

    clear,

    /** Why not to launch now, and for how many milliseconds; undefined when a launch may be tried. */
    current(): { reason: string; retryIn: number } | undefined {
      const retryIn = last ? last.until - clock().steady : 0
      return last && retryIn > 0 ? { reason: last.reason, retryIn } : undefined
    },

    /** Why launches fail, also during the next try, until a worker is well. */
    problem: (): string | undefined => recent()?.reason,
  }
}
