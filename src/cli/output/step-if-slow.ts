/** Work that is shown as a step once it takes longer than a second, and not at all if it does not. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Reporter } from '../../core/progress.ts'

export async function stepIfSlow<T>(
  reporter: Reporter,
  title: string,
  work: (note: (text: string) => void) => Promise<T>,
  afterMs = 1000,
): Promise<T> {
  let note = (_: string): void => {}
  const working = work((text) => note(text))
  const waited = new AbortController()
  const slow = sleep(afterMs, true, { signal: waited.signal }).catch(() => false)
  const isSlow = await Promise.race([working.then(() => false), slow]).finally(() => waited.abort())
  if (!isSlow) return await working
  return await reporter.step(title, async (show) => {
    note = show
    return await working
  })
}
