/** One of many parts: a line that breaks now and then must not end all of it. */
import { setTimeout as sleep } from 'node:timers/promises'
import { TmError } from '../../core/errors.ts'

/** Milliseconds. */
const pauses = [100, 1000, 5000]

export async function persistently<T>(once: () => Promise<T>): Promise<T> {
  for (const pause of pauses) {
    try {
      return await once()
    } catch (error) {
      if (!(error instanceof TmError) || error.code !== 'unreachable') throw error
      await sleep(pause)
    }
  }
  return await once()
}
