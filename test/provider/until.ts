/** Waits for a condition, and says what it was when it does not come. */
import { setTimeout as sleep } from 'node:timers/promises'

export async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const start = performance.now()
  while (!(await isSo())) {
    if (performance.now() - start > 10_000) throw new Error(`never so: ${what}`)
    await sleep(5)
  }
}
