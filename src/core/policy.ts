/**
 * The scaler's rule: from what was observed to what will be done, and why. Pure; the scaler in
 * `node/` observes, calls `decide`, and acts.
 */
import { describeDuration } from './duration.ts'

/** What the scaler saw. Durations are milliseconds. */
export interface Observation {
  /** Tasks that could run now and are not leased. */
  backlog: number
  /** How long the oldest of them has waited. */
  oldestWait: number
  /** Workers that exist, starting and draining ones included. */
  active: number
  /** Those of the active ones that were already told to leave. */
  draining: number
  limit: { own: number; borrowed: number; lent: number }
  /** Siblings that may be asked for a loan. */
  siblings: number
  /** Why the last loan was refused, and for how long not to ask again. */
  refusal?: { reason: string; retryIn: number }
  /** Why the last launch failed, and for how long not to try again. */
  launchFailure?: { reason: string; retryIn: number }
  /** The node was told to stop taking work. */
  paused: boolean
}

export type Action = 'none' | 'launch' | 'borrow' | 'drain'

/** What the scaler will do. `rule` is the number in the design, 0 for what comes before them. */
export interface Plan {
  action: Action
  rule: 0 | 1 | 2 | 3 | 4
  /** How many workers to drain; 0 for other actions. */
  drain: number
  reason: string
}

/** own + borrowed − lent, never below 0. */
export function effectiveLimit(limit: Observation['limit']): number {
  return Math.max(0, limit.own + limit.borrowed - limit.lent)
}

/** The four scaling rules, in their order, after the two things that come before any of them. */
export function decide(seen: Observation, settings: { scaleAfter: number }): Plan {
  const { backlog, active, draining, oldestWait } = seen
  const limit = effectiveLimit(seen.limit)
  const workers = `${active} active ${active === 1 ? 'worker' : 'workers'}`

  if (seen.paused) return none(0, 'draining: no scaling until this node takes work again')
  const surplus = active - draining - limit
  if (surplus > 0) {
    const reason = `${workers} over the limit of ${limit}: draining ${surplus}`
    return { action: 'drain', rule: 0, drain: surplus, reason }
  }
  if (backlog > 0 && active === 0 && limit > 0) {
    return launch(1, seen.launchFailure, `backlog ${backlog} and no active worker: launching one`)
  }
  if (backlog === 0) return none(2, `no backlog: nothing to do (${workers})`)
  if (backlog <= active) return none(2, `backlog ${backlog} ≤ ${workers}: nothing to do`)
  const waited = `the oldest of ${backlog} has waited ${describeDuration(oldestWait)}`
  const after = describeDuration(settings.scaleAfter)
  if (active < limit && oldestWait > settings.scaleAfter) {
    return launch(
      3,
      seen.launchFailure,
      `${waited}, longer than ${after}: launching one (${active} of ${limit})`,
    )
  }
  if (active < limit) {
    return none(3, `${waited}, not longer than ${after}: waiting before launching another`)
  }
  return borrow(seen, `backlog ${backlog} and ${workers} at the limit of ${limit}`)
}

function none(rule: Plan['rule'], reason: string): Plan {
  return { action: 'none', rule, drain: 0, reason }
}

type Blocked = Observation['launchFailure']

function launch(rule: Plan['rule'], blocked: Blocked, reason: string): Plan {
  return blocked ? none(rule, afterFailure(blocked)) : { action: 'launch', rule, drain: 0, reason }
}

function borrow({ siblings, refusal, launchFailure }: Observation, full: string): Plan {
  if (siblings === 0) return none(4, `${full}: no sibling to ask for a loan`)
  // A place that can't be filled here would be taken from a sibling for nothing.
  if (launchFailure) return none(4, `${full}, ${afterFailure(launchFailure)}`)
  if (refusal) {
    const next = describeDuration(refusal.retryIn)
    return none(4, `${full}: no loan (${refusal.reason}), asking again in ${next}`)
  }
  return { action: 'borrow', rule: 4, drain: 0, reason: `${full}: asking siblings for a loan` }
}

function afterFailure({ reason, retryIn }: NonNullable<Blocked>): string {
  return `the last launch failed (${reason}): next try in ${describeDuration(retryIn)}`
}
