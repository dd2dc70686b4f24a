/**
 * How long tasks take, by those that have ended and by those that still run. Pure. All durations are
 * milliseconds. The factors are those with which `test/core/scaling/quality.test.ts` passes.
 */

/** What is known of tasks that are alike. */
export interface Evidence {
  /** Tasks that have succeeded, how long these ran in all, and the longest of them. */
  ended: number
  ranMs: number
  longestMs: number
  /** How long each of those that run has run so far. */
  ages: readonly number[]
}

export interface Belief {
  /** What a task was believed to take before any has ended. */
  prior?: number | undefined
  /** The part of a worker's boot that is paid for. */
  bootMs: number
}

/** What was believed before counts like this many tasks that have ended. */
const priorWeight = 3
/** Too high a belief costs little money, too low a one costs time. */
const priorFactor = 1.08
/** One that runs longer than the mean will most likely run for a good while yet. */
const overdueFactor = 1.6
/** With fewer results than this, the lower end of what they allow is believed. */
const fewResults = 30

/**
 * The mean, or undefined if nothing has ended or runs. While nothing has ended, a task takes at least as
 * long as the oldest has run, and at most twice that: the longer it runs compared with a boot, the safer is
 * another worker.
 */
export function meanOf(
  { ended, ranMs, ages }: Evidence,
  { prior, bootMs }: Belief,
): number | undefined {
  if (prior === undefined && ended === 0) {
    const oldest = longestOf(ages)
    return ages.length === 0 ? undefined : oldest * (1 + Math.min(1, oldest / bootMs))
  }
  const weight = prior === undefined ? 0 : priorWeight
  const mean = (ranMs + weight * priorFactor * (prior ?? 0)) / (ended + weight)
  // One that runs longer than the mean is evidence. A young one is none.
  const overdue = ages.reduce((sum, age) => sum + Math.max(0, age - mean), 0)
  const all = mean + (overdueFactor * overdue) / (ended + weight)
  if (prior !== undefined || ended >= fewResults) return all
  return all * Math.max(1 / 4, 1 - 0.5 / Math.sqrt(ended))
}

/** What is left of tasks that have run for so long. */
export function remainingMs(ages: readonly number[], mean: number): number {
  return ages.reduce((sum, age) => sum + Math.max(mean - age, age / 4), 0)
}

/** By how much the longest one that was seen exceeds the mean. */
export function spreadOf({ longestMs, ages }: Evidence, mean: number): number {
  return Math.max(0, longestMs - mean, longestOf(ages) - mean)
}

function longestOf(ages: readonly number[]): number {
  return ages.reduce((most, age) => Math.max(most, age), 0)
}
