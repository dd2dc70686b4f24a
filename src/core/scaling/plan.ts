/** What a node's scaler sees, what it may do about it, and what comes before any policy. Pure. */
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
  /** How many workers to launch or to drain; 0 for other actions. */
  workers: number
  reason: string
}

/** own + borrowed − lent, never below 0. */
export function effectiveLimit(limit: Observation['limit']): number {
  return Math.max(0, limit.own + limit.borrowed - limit.lent)
}

/** `3 active workers`. */
export function describeWorkers({ active }: Pick<Observation, 'active'>): string {
  return `${active} active ${active === 1 ? 'worker' : 'workers'}`
}

/** What comes before any policy: a draining node does nothing, and workers over the limit end. */
export function planBefore(seen: Observation): Plan | undefined {
  const { active, draining } = seen
  if (seen.paused) return none(0, 'draining: no scaling until this node takes work again')
  const limit = effectiveLimit(seen.limit)
  const surplus = active - draining - limit
  if (surplus <= 0) return undefined
  return drain(
    0,
    surplus,
    `${describeWorkers(seen)} over the limit of ${limit}: draining ${surplus}`,
  )
}

/** With backlog or without: the same words under every policy. */
export function describeNoBacklog(seen: Observation): string {
  const { beingTried = 0 } = seen
  const jobs = beingTried === 1 ? 'a job' : `${beingTried} jobs`
  const tried = beingTried === 0 ? '' : ` but for ${jobs} that one worker tries first`
  return `no backlog${tried}: nothing to do (${describeWorkers(seen)})`
}

export function none(rule: Plan['rule'], reason: string): Plan {
  return { action: 'none', rule, workers: 0, reason }
}

export function drain(rule: Plan['rule'], workers: number, reason: string): Plan {
  return { action: 'drain', rule, workers, reason }
}

type Blocked = Observation['launchFailure']

/** Nothing while launches fail. */
export function launch(
  rule: Plan['rule'],
  workers: number,
  blocked: Blocked,
  reason: string,
): Plan {
  return blocked ? none(rule, afterFailure(blocked)) : { action: 'launch', rule, workers, reason }
}

/** `full`: why no worker can be launched in a place of this node. */
export function borrow({ siblings, refusal, launchFailure }: Observation, full: string): Plan {
  if (siblings === 0) return none(4, `${full}: no sibling to ask for a loan`)
  // This node could not use a borrowed place while its launches fail.
  if (launchFailure) return none(4, `${full}, ${afterFailure(launchFailure)}`)
  if (refusal) {
    const next = describeDuration(refusal.retryIn)
    return none(4, `${full}: no loan (${refusal.reason}), asking again in ${next}`)
  }
  return { action: 'borrow', rule: 4, workers: 0, reason: `${full}: asking siblings for a loan` }
}

function afterFailure({ reason, retryIn }: NonNullable<Blocked>): string {
  if (retryIn === Infinity) return `no worker is launched: ${reason}`
  return `the last launch failed (${reason}): next try in ${describeDuration(retryIn)}`
}
