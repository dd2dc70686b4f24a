/** The policies that are compared: tm's own, by its own code, and target tracking as AWS has it. */
import { describeDuration } from '../../src/core/duration.ts'
import { launch, none, type Plan } from '../../src/core/scaling/plan.ts'
import { decideByRules } from '../../src/core/scaling/rules.ts'
import { stayMs } from '../../src/core/scaling/staying.ts'
import { decideByTarget } from '../../src/core/scaling/target.ts'
import { type Policy, world } from './cluster.ts'

/** Five boots: a fifth of what is paid for is boot then. */
export const targetMs = 375_000

export function rules(idleMs: number): Policy {
  return {
    name: `four rules, idle ${describeDuration(idleMs)}`,
    decide: (seen) => decideByRules(seen, { scaleAfter: 15_000 }),
    stayMs: () => idleMs,
  }
}

export function byTarget(name: string, prior?: number): Policy {
  return {
    name,
    ...(prior === undefined ? {} : { prior }),
    decide: (seen) => decideByTarget(seen, { target: targetMs, scaleAfter: 15_000 }),
    stayMs: (ranMs) => stayMs(world.timing, { recentStarts: 1, ranMs }),
  }
}

/**
 * Target tracking on the backlog of each instance, as the guide of EC2 Auto Scaling describes it for queues
 * ("Scaling policy based on Amazon SQS"): alarms look at minutes, scaling out takes 3 of them, scaling in 15,
 * and a new instance counts when it has warmed up. The acceptable backlog is what an instance does in the
 * target's time, which whoever writes the policy has to know.
 */
export function targetTracking(mean: number): Policy {
  const perWorker = Math.max(1, ((targetMs - world.timing.boot) / mean) * world.slots)
  let lastMinute = -1
  let above = 0
  return {
    name: 'target tracking',
    decide(seen, now): Plan {
      const minute = Math.floor(now / 60_000)
      if (minute === lastMinute) return none(0, '')
      lastMinute = minute
      const wanted = Math.ceil(seen.backlog / perWorker)
      above = wanted > seen.active ? above + 1 : 0
      if (seen.active === 0 && wanted > 0) return launch(1, 1, undefined, '')
      const more = above >= 3 ? Math.min(wanted, seen.limit.own) - seen.active : 0
      return more > 0 ? launch(3, more, undefined, '') : none(3, '')
    },
    stayMs: () => 15 * 60_000,
  }
}
