/** How fast a cluster works, and how long the rest will take, from what it has done lately. Pure. */
import { describeDuration } from '../../core/duration.ts'
import type { Health } from './health.ts'
import { perSecond } from './progress.ts'

export interface Sample {
  /** Milliseconds. */
  at: number
  /** Tasks that have ended. */
  done: number
  /** Tasks that have not. */
  left: number
}

/** Undefined unless every node has answered: the figures of the others would be too small. */
export function sampleOf({ nodes }: Health, at: number): Sample | undefined {
  let done = 0
  let left = 0
  for (const { queue } of nodes) {
    if (!queue) return undefined
    done += queue.succeeded + queue.failed + queue.cancelled
    left += queue.queued + queue.running
  }
  return { at, done, left }
}

const windowMs = 30_000

/** Starts again where fewer tasks have ended than before: nodes forget old ones. */
export function withSample(samples: Sample[], next: Sample): Sample[] {
  const last = samples.at(-1)
  if (last && next.done < last.done) return [next]
  return [...samples.filter(({ at }) => next.at - at <= windowMs), next]
}

/** Empty when there is nothing to do, or not yet anything to compare. */
export function describePace(samples: Sample[]): string {
  const [first] = samples
  const last = samples.at(-1)
  if (!first || !last || last.left === 0 || last === first) return ''
  const gained = last.done - first.done
  const ms = last.at - first.at
  if (gained === 0) return `no task has ended in the last ${describeDuration(ms)}`
  return `${perSecond(gained, ms)}, ${describeDuration((ms / gained) * last.left)} left`
}
