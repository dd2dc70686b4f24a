/** How fast tasks have ended lately. Pure. */

export interface Pace {
  /** Tasks that have ended in the last `ms` milliseconds. */
  ended: number
  ms: number
}

const windowMs = 60_000
/** So many are counted, even if that takes more than the window: tasks may take hours. */
const fewest = 10

/**
 * From the times at which tasks have ended, newest first. Nothing before `since` is known, or was
 * there. All are wall-clock milliseconds.
 */
export function paceOf(
  times: readonly number[],
  { now, since }: { now: number; since: number },
): Pace {
  const begin = Math.max(since, now - windowMs)
  const recent = times.filter((at) => at >= begin)
  if (recent.length >= fewest || times.length === recent.length) {
    return { ended: recent.length, ms: Math.max(1, now - begin) }
  }
  const some = times.slice(0, fewest)
  return { ended: some.length, ms: Math.max(1, now - (some.at(-1) ?? now)) }
}
