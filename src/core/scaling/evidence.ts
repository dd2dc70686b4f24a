/** What attempts that have ended or run say about how long a task takes. Pure. Durations are milliseconds. */
import type { Evidence } from './estimate.ts'

/** Times are wall-clock milliseconds. */
export interface SeenAttempt {
  worker: string
  startedAt: number
}

export interface EndedAttempt extends SeenAttempt {
  endedAt: number
}

/**
 * Short tasks are leased many at a time, and wait at their worker for each other. So what those of one
 * worker took in all is at most the time in which it had any, for each of its `places`.
 */
export function evidenceOf(
  { ended, running }: { ended: EndedAttempt[]; running: SeenAttempt[] },
  { places, now }: { places: number; now: number },
): Evidence {
  const workers = Object.values(Object.groupBy(ended, ({ worker }) => worker))
  const each = workers.map((attempts = []) => ranOf(attempts, places))
  const groups = Object.values(Object.groupBy(running, ({ worker }) => worker))
  return {
    ended: ended.length,
    ranMs: each.reduce((sum, { ranMs }) => sum + ranMs, 0),
    longestMs: each.reduce((most, { longestMs }) => Math.max(most, longestMs), 0),
    ages: groups.flatMap((attempts = []) => agesOf(attempts, { places, now })),
  }
}

function ranOf(attempts: EndedAttempt[], places: number): { ranMs: number; longestMs: number } {
  const took = attempts.map(({ startedAt, endedAt }) => Math.max(0, endedAt - startedAt))
  const total = took.reduce((sum, ms) => sum + ms, 0)
  const share = total > 0 ? Math.min(1, (places * timeOfAny(attempts)) / total) : 1
  return { ranMs: share * total, longestMs: share * Math.max(...took) }
}

/** How long at least one of them ran. */
function timeOfAny(attempts: EndedAttempt[]): number {
  let until = Number.NEGATIVE_INFINITY
  let total = 0
  for (const { startedAt, endedAt } of attempts.toSorted((a, b) => a.startedAt - b.startedAt)) {
    total += Math.max(0, endedAt - Math.max(startedAt, until))
    until = Math.max(until, endedAt)
  }
  return total
}

function agesOf(attempts: SeenAttempt[], { places, now }: { places: number; now: number }) {
  const share = Math.min(1, places / attempts.length)
  return attempts.map(({ startedAt }) => share * Math.max(0, now - startedAt))
}
