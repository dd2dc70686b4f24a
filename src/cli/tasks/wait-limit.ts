/** A wait in which nothing moves: says why, at once and then every minute, and ends after some time. */
import { describeDuration } from '../../core/duration.ts'
import { TmError } from '../../core/errors.ts'
import type { Suggestion } from '../../core/suggestions.ts'

export interface WaitLimitOptions {
  /** How long nothing may move. */
  patienceMs: number
  onWarning: (text: string) => void
  /** Milliseconds. */
  now: () => number
}

const repeatMs = 60_000

export function waitLimit({ patienceMs, onWarning, now }: WaitLimitOptions) {
  let since: number | undefined
  const toldAt = new Map<string, number>()
  return {
    /** Something moves again, or may. */
    clear(): void {
      since = undefined
      toldAt.clear()
    },
    /** Nothing moves: `what` says why, in a few words. Throws when that has lasted too long. */
    hold(what: string, suggestions: Suggestion[]): void {
      since ??= now()
      const forMs = now() - since
      if (forMs >= patienceMs) {
        const message = `Gave up after ${describeDuration(forMs)}: ${what}. The tasks are kept`
        throw new TmError('unavailable', message, { suggestions })
      }
      const before = toldAt.get(what)
      if (before !== undefined && now() - before < repeatMs) return
      const lasting = before === undefined ? '' : ` (for ${describeDuration(forMs)})`
      onWarning(`Warning: ${what}${lasting}`)
      toldAt.set(what, now())
    },
  }
}
