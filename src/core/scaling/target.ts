/**
 * The target policy: as few workers as get the work done in the time that is wanted, launched together.
 * Pure. All durations are milliseconds.
 *
 * k workers that are launched together do W of work in `boot + W/k`, and each costs its boot besides. So
 * the fewest that meet the target are the cheapest, and what a target of `boot + boot/ε` costs beyond the
 * work itself is a share of ε, however much work there is.
 */
import { describeDuration } from '../duration.ts'
import { pluralize } from '../text.ts'
import {
  borrow,
  describeNoBacklog,
  describeWorkers,
  drain,
  effectiveLimit,
  launch,
  none,
  type Observation,
  type Plan,
  planBefore,
} from './plan.ts'

/** How long a worker takes to be there, and what of it is paid for. */
export interface Timing {
  /** From the decision to the first lease. */
  boot: number
  /** The part of it that is paid for. */
  paidBoot: number
  /** Between two launches. */
  gap: number
  /** A machine that ends sooner costs as much. */
  leastPaid: number
}

/** What the target policy looks at besides. Work is in milliseconds of one worker. */
export interface Outlook {
  /** The work of the backlog, and what is left of tasks that run. */
  work: { waiting: number; inHand: number }
  /** Workers that the backlog fills, and those that all its tasks and running ones fill: fractions. */
  fills: { waiting: number; all: number }
  /** By how much the longest task takes longer than the others. */
  spread: number
  /** Tasks that could run now, or do. */
  unfinished: number
  /** How long some tasks take is known. */
  known: boolean
  /** No worker has done the setup in force: it may fail on each. */
  isUntried: boolean
  /** For how long there has been work without a pause. */
  since: number
  workers: {
    /** Those that have joined and stay. */
    up: number
    /** How long ago those were launched that have not joined. */
    starting: readonly number[]
    /** Those whose launch has not begun. */
    queued: number
  }
  timing: Timing
}

/** Of a target of 0. A fifth of what is paid for is boot then. */
export function automaticTarget({ boot, paidBoot }: Timing): number {
  return boot + 4 * paidBoot
}

/** One that starts is expected in this time at the earliest, however long it has taken. */
const soonMs = 2000

/**
 * `target` and `scaleAfter` in milliseconds. A target of 0 is one that depends on how long a boot takes.
 * While nothing is known of what waits, a worker is launched when a task has waited for `scaleAfter`.
 */
export function decideByTarget(
  seen: Observation & { outlook: Outlook },
  { target, scaleAfter }: { target: number; scaleAfter: number },
): Plan {
  const { backlog, active, draining, launchFailure, outlook } = seen
  const { work, workers, timing } = outlook
  const first = planBefore(seen)
  if (first) return first
  if (backlog === 0) return endUnneeded(seen) ?? none(2, describeNoBacklog(seen))

  const limit = effectiveLimit(seen.limit)
  if (!outlook.known || outlook.isUntried) return toLearn(seen, { limit, scaleAfter })
  const { boot, paidBoot, gap } = timing
  const wanted = target || automaticTarget(timing)
  // Late already: further workers, but only such as work for longer than their boot is paid for.
  const soonest = boot + 1.5 * paidBoot
  const left = Math.max(wanted - outlook.since, soonest)
  const starting = workers.starting.map((age) => Math.max(soonMs, boot - age))
  const toCome = Array.from({ length: workers.queued }, (_, index) => boot + (1 + index) * gap)
  const open = [...starting, ...toCome, ...Array<number>(workers.up).fill(0)]
  const ahead = limited(outlook, left)
  const needed = doneIn(ahead, open)
  const total = describeDuration(work.waiting + work.inHand)
  const takes = `${total} of work takes ${describeWorkers(seen)} ${describeDuration(needed)}`
  const isLate = wanted - outlook.since < soonest
  const aim = isLate ? 'later than wanted' : `wanted in ${describeDuration(left)}`
  if (needed <= left) return none(3, `${takes}, ${aim}: nothing to do`)

  const staying = active - draining
  const useful = Math.ceil(outlook.fills.all) - staying
  if (useful <= 0 && staying > 0) {
    return none(2, `${takes}, ${aim}: more workers than tasks would not help`)
  }
  const room = Math.min(Math.max(1, useful), limit - active)
  if (room <= 0) return borrow(seen, `${takes}, ${aim}, at the limit of ${limit}`)
  let more = 0
  while (more < room && (more === 0 || doneIn(ahead, open) > left)) {
    more += 1
    open.push(boot + more * gap)
  }
  const what = active === 0 ? `${total} of work, ${aim}` : `${takes}, ${aim}`
  return launch(3, more, launchFailure, `${what}: launching ${more} (${active} of ${limit})`)
}

/**
 * Nobody knows how long a task takes, or whether workers start: one tells. Those that are there may be busy
 * with something else for hours.
 */
function toLearn(
  seen: Observation & { outlook: Outlook },
  { limit, scaleAfter }: { limit: number; scaleAfter: number },
): Plan {
  const { backlog, active, draining, oldestWait, launchFailure, outlook } = seen
  const { starting, queued, up } = outlook.workers
  const [whether, why] = outlook.isUntried
    ? ['whether its setup works', 'nobody knows yet whether the setup works']
    : ['how long a task takes', 'nothing says yet how long a task takes']
  if (starting.length + queued > 0 || (up > 0 && oldestWait <= scaleAfter)) {
    return none(3, `backlog ${backlog}, and ${why}: waiting for the first`)
  }
  if (active >= limit) {
    const what =
      limit === 0 ? 'no place for a worker' : `all workers busy, at the limit of ${limit}`
    return borrow(seen, `backlog ${backlog} and ${what}`)
  }
  const rule = active - draining === 0 ? 1 : 3
  return launch(rule, 1, launchFailure, `backlog ${backlog}: launching one to see ${whether}`)
}

/** Workers that start while nothing is left to do, once the least that a machine costs is used up. */
function endUnneeded({ outlook }: { outlook: Outlook }): Plan | undefined {
  const { unfinished, workers, timing } = outlook
  const paid = workers.starting.filter((age) => age >= timing.leastPaid).length
  const unneeded = workers.queued + paid
  if (unfinished > 0 || unneeded === 0) return undefined
  const them = pluralize(unneeded, 'worker')
  return drain(2, unneeded, `nothing is left to do: ending ${them} before it has started`)
}

/** What more workers could do nothing about does not count beyond the time that is left. */
function limited({ work, fills, spread, workers }: Outlook, left: number) {
  const inHand = Math.min(work.inHand, workers.up * left)
  return { work: { ...work, inHand }, fills, spread: Math.min(spread, left) }
}

/** A worker whose last task is a little late is no reason for another one. */
const lastTask = 0.9

/**
 * When all is done, if workers are free at these times: by the work, to which half of a long task is added,
 * since one may begin last; and by whole tasks one after another.
 */
export function doneIn(
  { work, fills, spread }: Pick<Outlook, 'work' | 'fills' | 'spread'>,
  open: readonly number[],
): number {
  if (open.length === 0) return Number.POSITIVE_INFINITY
  const byWork = level(work.waiting + work.inHand, open) + spread / 2
  if (fills.waiting === 0) return byWork
  const each = work.waiting / fills.waiting
  const rounds = Math.ceil(fills.waiting / open.length) - 1 + lastTask
  return Math.max(byWork, Math.min(...open) + rounds * each)
}

/** Work is poured over workers that are free at these times: when it is all done. */
export function level(work: number, open: readonly number[]): number {
  const sorted = open.toSorted((a, b) => a - b)
  let sum = 0
  for (const [index, at] of sorted.entries()) {
    sum += at
    const done = (work + sum) / (index + 1)
    const next = sorted[index + 1]
    if (next === undefined || done <= next) return done
  }
  return Number.POSITIVE_INFINITY
}
