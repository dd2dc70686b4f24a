/**
 * The scaling policy: decides from an observation what to do, and says why. Pure; the scaler in
 * `node/` observes, calls `decide`, and acts.
 */
import { describeDuration } from '../duration.ts'

/** What the scaler observed. Durations are milliseconds. */
export interface Observation {
  /** Queued tasks that could run now. */
  backlog: number
  /** How long the oldest task of the backlog has waited. */
  oldestWait: number
  /** Workers that the backlog would fill. */
  fills: number
  /** How long the oldest task of a job has waited; 0 if there is none. */
  jobWait: number
  /** Jobs that one worker tries first: their other tasks are no backlog. */
  beingTried?: number
  /** All workers, including those that are starting or draining. */
  active: number
  /** Active workers that were already told to stop. */
  draining: number
  limit: { own: number; borrowed: number; lent: number }
  /** How many siblings could lend a place. */
  siblings: number
  /** Why the last request for a loan was refused, and how long to wait before the next. */
  refusal?: { reason: string; retryIn: number }
  /**
   * Why the last launch failed, and how long to wait before the next: for ever if only the user can
   * change it.
   */
  launchFailure?: { reason: string; retryIn: number }
  /** The node is draining. */
  paused: boolean
}

export type Action = 'none' | 'launch' | 'borrow' | 'drain'

/** What the scaler will do. `rule` is the rule that decided; 0 is a check before the rules. */
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

/** Two checks (a draining node, workers over the limit), then the four scaling rules in order. */
export function decide(seen: Observation, settings: { scaleAfter: number }): Plan {
  const { backlog, fills, active, draining, oldestWait, jobWait } = seen
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
  if (backlog === 0) return none(2, `no backlog${describeTried(seen)}: nothing to do (${workers})`)
  // A command may run for hours: what waits behind it does not become an active worker's by itself.
  if (fills <= active && jobWait <= settings.scaleAfter) {
    return none(2, `${describeBacklog(seen)} ≤ ${workers}: nothing to do`)
  }
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
  return borrow(seen, `${describeBacklog(seen)} and ${workers} at the limit of ${limit}`)
}

function describeTried({ beingTried = 0 }: Observation): string {
  if (beingTried === 0) return ''
  return ` but for ${beingTried === 1 ? 'a job' : `${beingTried} jobs`} that one worker tries first`
}

function describeBacklog({ backlog, fills }: Observation): string {
  return fills === backlog ? `backlog ${backlog}` : `backlog ${backlog}, which fills ${fills},`
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
  // This node could not use a borrowed place while its launches fail.
  if (launchFailure) return none(4, `${full}, ${afterFailure(launchFailure)}`)
  if (refusal) {
    const next = describeDuration(refusal.retryIn)
    return none(4, `${full}: no loan (${refusal.reason}), asking again in ${next}`)
  }
  return { action: 'borrow', rule: 4, drain: 0, reason: `${full}: asking siblings for a loan` }
}

function afterFailure({ reason, retryIn }: NonNullable<Blocked>): string {
  if (retryIn === Infinity) return `no worker is launched: ${reason}`
  return `the last launch failed (${reason}): next try in ${describeDuration(retryIn)}`
}
