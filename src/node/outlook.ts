/**
 * How much work there is, and how long it takes with how many workers: what the target policy looks at. It
 * also says how long an idle worker stays under that policy.
 */
import type { Clock } from '../core/clock.ts'
import { howManyFit } from '../core/resources.ts'
import { meanOf } from '../core/scaling/estimate.ts'
import { evidenceOf } from '../core/scaling/evidence.ts'
import { classOfCosts, classOfJob, sumOf, type WorkClass } from '../core/scaling/outlook.ts'
import { recentMs, stayMs } from '../core/scaling/staying.ts'
import type { Outlook } from '../core/scaling/target.ts'
import type { Settings } from '../core/settings.ts'
import type { Capacity } from './capacity.ts'
import type { Learned } from './learned.ts'
import type { Queue } from './queue.ts'
import type { Setups } from './setups.ts'
import type { SeenJob, SeenWork, StoreStats } from './store/task-store.ts'
import type { Workers } from './workers.ts'

export interface OutlookOptions {
  queue: Pick<Queue, 'work'>
  workers: Pick<Workers, 'starting' | 'queued' | 'up'>
  learned: Pick<Learned, 'rate' | 'timing'>
  capacity: Pick<Capacity, 'ofWorker'>
  setups: Pick<Setups, 'isUntried'>
  settings: () => Settings
  clock: Clock
}

/** The store is asked again after this long: it takes milliseconds, and scaling steps come often. */
const freshMs = 500

/** Who sends one task after another needs a moment between two. */
const leastStayMs = 1000

export type Outlooks = ReturnType<typeof createOutlooks>

export function createOutlooks({
  queue,
  workers,
  learned,
  capacity,
  setups,
  settings,
  clock,
}: OutlookOptions) {
  let seen: { work: SeenWork; at: number } | undefined
  /** Steady milliseconds: when there was work after there had been none, the newest first. */
  let starts: number[] = []
  let hasWork = false

  const isByTarget = () => settings().policy === 1

  async function freshWork(): Promise<SeenWork> {
    const at = clock().steady
    if (!seen || at - seen.at >= freshMs) seen = { work: await queue.work(), at }
    return seen.work
  }

  function noteStart(unfinished: number): void {
    const now = clock().steady
    if (unfinished > 0 && !hasWork) starts = [now, ...starts]
    hasWork = unfinished > 0
    starts = starts.filter((at, index) => index === 0 || now - at < recentMs)
  }

  function classOf(job: SeenJob, bootMs: number): WorkClass {
    const has = capacity.ofWorker()
    const places = has ? howManyFit(job.needs, has) : 1
    const at = { places, now: clock().wall }
    const before = evidenceOf({ ended: job.before, running: [] }, at)
    const prior = meanOf(before, { bootMs })
    return classOfJob({ waiting: job.waiting, ...evidenceOf(job, at) }, { places, prior, bootMs })
  }

  function looseOf({ loose }: SeenWork, { backlog, jobs }: StoreStats): WorkClass {
    const waiting = backlog - jobs.reduce((sum, { tasks }) => sum + tasks, 0)
    return classOfCosts({ ...loose, waiting }, { slots: settings().slots, rate: learned.rate() })
  }

  return {
    /** Undefined under another policy. `backlog`: what some worker could run. */
    async read(stats: StoreStats, backlog: number): Promise<Outlook | undefined> {
      if (!isByTarget()) return undefined
      // Without what is paused, or fits no worker: that may wait for days.
      const unfinished = backlog + stats.running + (stats.beingTried ?? 0)
      noteStart(unfinished)
      const work = await freshWork()
      const timing = learned.timing()
      const classes = work.jobs.map((job) => classOf(job, timing.paidBoot))
      return {
        ...sumOf([...classes, looseOf(work, stats)]),
        unfinished,
        isUntried: setups.isUntried(),
        since: clock().steady - (starts[0] ?? clock().steady),
        workers: {
          up: workers.up(),
          starting: workers.starting(),
          queued: workers.queued(),
        },
        timing,
      }
    },

    /** How long a worker stays that has nothing to do. `ranMs`: since its launch. */
    idleTimeout(ranMs: number): number {
      const { idleTimeout } = settings()
      if (!isByTarget()) return idleTimeout
      const stay = Math.round(stayMs(learned.timing(), { recentStarts: starts.length, ranMs }))
      return Math.min(idleTimeout, Math.max(leastStayMs, stay))
    },
  }
}
