/** The four rules, one worker at a time: the default policy, as the original has them. Pure. */
import { describeDuration } from '../duration.ts'
import {
  borrow,
  describeNoBacklog,
  describeWorkers,
  effectiveLimit,
  launch,
  none,
  type Observation,
  type Plan,
  planBefore,
} from './plan.ts'

/** `scaleAfter` in milliseconds. */
export function decideByRules(seen: Observation, { scaleAfter }: { scaleAfter: number }): Plan {
  const first = planBefore(seen)
  if (first) return first
  const { backlog, fills, active, oldestWait, jobWait, launchFailure } = seen
  const limit = effectiveLimit(seen.limit)
  const workers = describeWorkers(seen)

  if (backlog > 0 && active === 0 && limit > 0) {
    return launch(1, 1, launchFailure, `backlog ${backlog} and no active worker: launching one`)
  }
  if (backlog === 0) return none(2, describeNoBacklog(seen))
  // A command may run for hours: what waits behind it does not become an active worker's by itself.
  if (fills <= active && jobWait <= scaleAfter) {
    return none(2, `${describeBacklog(seen)} ≤ ${workers}: nothing to do`)
  }
  const waited = `the oldest of ${backlog} has waited ${describeDuration(oldestWait)}`
  const after = describeDuration(scaleAfter)
  if (active < limit && oldestWait > scaleAfter) {
    const reason = `${waited}, longer than ${after}: launching one (${active} of ${limit})`
    return launch(3, 1, launchFailure, reason)
  }
  if (active < limit) {
    return none(3, `${waited}, not longer than ${after}: waiting before launching another`)
  }
  return borrow(seen, `${describeBacklog(seen)} and ${workers} at the limit of ${limit}`)
}

function describeBacklog({ backlog, fills }: Observation): string {
  return fills === backlog ? `backlog ${backlog}` : `backlog ${backlog}, which fills ${fills},`
}
