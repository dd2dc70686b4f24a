/**
 * Who knows how long each task takes: launches at once as many workers as are cheapest for the same target,
 * in the same order of claims, and ends each with its last task. Nobody who has to find out is better, but
 * by missing the target.
 */
import type { Outcome, World } from './cluster.ts'

export function clairvoyant(
  durations: readonly number[],
  target: number,
  world: World,
  bootOf: (index: number) => number,
): Outcome & { workers: number } {
  const most = Math.min(world.limit, Math.ceil(durations.length / world.slots))
  const all = Array.from({ length: most }, (_, index) =>
    withWorkers(index + 1, durations, world, bootOf),
  )
  const fastest = Math.min(...all.map(({ time }) => time))
  const inTime = all.filter(({ time }) => time <= Math.max(target, 1.02 * fastest))
  return inTime.reduce((best, one) => (one.paid < best.paid ? one : best))
}

function withWorkers(
  workers: number,
  durations: readonly number[],
  { slots, timing }: World,
  bootOf: (index: number) => number,
) {
  const { gap, leastPaid } = timing
  const pending = timing.boot - timing.paidBoot
  const launched = Array.from({ length: workers }, (_, index) => index * gap)
  const joined = launched.map((at, index) => at + bootOf(index))
  const free = joined.flatMap((at) => Array<number>(slots).fill(at))
  for (const took of durations) {
    const first = free.reduce((best, at, index) => (at < (free[best] ?? 0) ? index : best), 0)
    free[first] = (free[first] ?? 0) + took
  }
  const ends = joined.map((at, index) =>
    Math.max(at, ...free.slice(index * slots, (index + 1) * slots)),
  )
  const paid = ends.map((end, index) => Math.max(leastPaid, end - (launched[index] ?? 0) - pending))
  return {
    workers,
    launched: workers,
    time: Math.max(...ends),
    paid: paid.reduce((sum, ms) => sum + ms, 0),
  }
}
