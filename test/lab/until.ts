/** Waits for a condition, never for a time; says what it waited for when it does not come true. */
import { setTimeout as sleep } from 'node:timers/promises'

export async function until<T>(
  look: () => T | Promise<T>,
  what: string,
  within = 90_000,
): Promise<NonNullable<T>> {
  const deadline = performance.now() + within
  for (;;) {
    const seen = await look()
    if (seen) return seen
    if (performance.now() > deadline) throw new Error(`not in ${within / 1000} s: ${what}`)
    await sleep(100)
  }
}
