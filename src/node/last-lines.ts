/**
 * What workers say of commands that run: since when, and the last line that they wrote. Only in memory:
 * the next renewal of a lease says it again.
 */
import type { AttemptRef, Verdict } from './store/task-store.ts'

export interface Sign {
  attempt: number
  /** When the command began: wall-clock milliseconds since the epoch. */
  beganAt: number
  line: string
}

/** A renewal of a lease, with what it says of the command. */
export interface Renewal extends AttemptRef {
  beganAt?: number | undefined
  line?: string | undefined
}

export type LastLines = ReturnType<typeof createLastLines>

/** `keepMs`: for how long a command is remembered that nobody speaks of. Steady milliseconds. */
export function createLastLines({ now, keepMs }: { now: () => number; keepMs: () => number }) {
  /** By task, the one that was heard of longest ago first. */
  const signs = new Map<string, Sign & { at: number }>()

  function forgetOld(): void {
    const oldest = now() - keepMs()
    for (const [id, { at }] of signs) {
      if (at >= oldest) return
      signs.delete(id)
    }
  }

  return {
    /** Only what the holder of a lease says counts. */
    note(renewals: readonly Renewal[], verdicts: readonly Verdict[]): void {
      forgetOld()
      for (const [index, { id, attempt, beganAt, line = '' }] of renewals.entries()) {
        if (beganAt === undefined || verdicts[index] !== 'done') continue
        signs.delete(id)
        signs.set(id, { attempt, beganAt, line, at: now() })
      }
    },

    /** Of this attempt of a task, if it is known. */
    of(id: string, attempt: number): Omit<Sign, 'attempt'> | undefined {
      const sign = signs.get(id)
      if (sign?.attempt !== attempt) return undefined
      const { beganAt, line } = sign
      return { beganAt, line }
    },

    size: () => signs.size,
  }
}
