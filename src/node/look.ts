/**
 * How a node looks at what its provider lists: as often as there is something to see, never two looks
 * at a time, and none for ever.
 */
import type { Clock } from '../core/clock.ts'
import { describeDuration } from '../core/duration.ts'
import { messageOf } from '../core/errors.ts'
import type { Machine, Provider } from '../provider/provider.ts'
import { within } from '../runtime/within.ts'

export interface LookOptions {
  provider: Pick<Provider, 'list' | 'looks'>
  clock: Clock
  onError: (what: string, error: unknown) => void
  /** A look that takes longer is given up, and the next one begins. */
  limitMs?: number
}

/** A look that takes this long is a problem. Clouds answer within a second or two. */
const slowMs = 15_000

/** What a node knows of a worker by itself. */
interface Watched {
  heartbeat: { draining: boolean } | undefined
  leaving: boolean
  /** Steady milliseconds. */
  heardAt: number
}

export type Look = ReturnType<typeof createLook>

export function createLook({ provider, clock, onError, limitMs = 90_000 }: LookOptions) {
  const { looks = { changingMs: 0, quietMs: 0 } } = provider
  let began: number | undefined
  let isOpen = false
  let failure: string | undefined

  return {
    /**
     * Whether to look now. Sooner while machines start or end, or may have ended without a word.
     * `removed`: how many workers have left whose machines may still run.
     */
    isDue(workers: Watched[], more: { removed: number; silentMs: number }): boolean {
      if (began === undefined) return true
      const now = clock().steady
      const isUnsettled = ({ heartbeat, leaving, heardAt }: Watched) =>
        !heartbeat || heartbeat.draining || leaving || now - heardAt > more.silentMs
      const changing = failure !== undefined || more.removed > 0 || workers.some(isUnsettled)
      return now - began >= (changing ? looks.changingMs : looks.quietMs)
    },

    /** What the provider lists, and since when; undefined if it did not answer. */
    async take(): Promise<{ machines: Machine[]; asked: number } | undefined> {
      const asked = clock().steady
      began = asked
      isOpen = true
      const late = () => new Error(`no answer in ${describeDuration(limitMs)}`)
      try {
        const machines = await within({ ms: limitMs, late }, () => provider.list())
        failure = undefined
        return { machines, asked }
      } catch (error) {
        if (failure === undefined) onError('listing the machines', error)
        failure = messageOf(error)
        return undefined
      } finally {
        isOpen = false
      }
    },

    /** Why the node does not know which machines run; undefined if the last look has succeeded. */
    problem(): string | undefined {
      const tookMs = began === undefined ? 0 : clock().steady - began
      if (isOpen && tookMs >= slowMs) return failure ?? `no answer for ${describeDuration(tookMs)}`
      return failure
    },
  }
}
