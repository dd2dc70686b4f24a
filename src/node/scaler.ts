/**
 * The scaler: observes, decides (pure, `core/scaling/policy.ts`), acts. It runs on a timer and after
 * tasks arrive, one step at a time.
 */

import { none, type Plan } from '../core/scaling/plan.ts'
import { decide, type Seen } from '../core/scaling/policy.ts'
import { worthOf } from '../core/scaling/worth.ts'
import type { Settings } from '../core/settings.ts'
import { serial } from '../runtime/serial.ts'
import type { Capacity } from './capacity.ts'
import type { Loans } from './loans.ts'
import type { Outlooks } from './outlook.ts'
import type { Queue } from './queue.ts'
import type { Siblings } from './siblings.ts'
import type { Workers } from './workers.ts'

export interface ScalerOptions {
  queue: Pick<Queue, 'stats' | 'isPaused'>
  capacity: Pick<Capacity, 'ofWorker'>
  outlooks: Pick<Outlooks, 'read'>
  workers: Workers
  loans: Loans
  siblings: Pick<Siblings, 'list'>
  settings: () => Settings
  /** Called with every decision that differs from the one before. */
  onPlan: (plan: Plan) => void
  onError: (what: string, error: unknown) => void
}

/**
 * A step waits no longer than this for the provider. A cloud may take minutes to answer, and loans,
 * which last for one minute, must be renewed meanwhile. The call itself goes on, and a worker that is
 * being launched already counts as active.
 */
const maxProviderWaitMs = 1000

async function waitBriefly(work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, maxProviderWaitMs)
  })
  await Promise.race([work, timeout])
  clearTimeout(timer)
}

export type Scaler = ReturnType<typeof createScaler>

/** At least this long between two steps: a burst of thousands of enqueues causes only a few. */
const quietMs = 50

export function createScaler(options: ScalerOptions) {
  const { queue, capacity, outlooks, workers, loans, siblings, settings, onPlan, onError } = options
  let plan = none(2, 'just started')
  let poked: NodeJS.Timeout | undefined
  let lastStep = 0
  let reconciling: Promise<void> | undefined
  let reconcileFailure: { error: unknown } | undefined

  async function observe(): Promise<Seen> {
    const waiting = await queue.stats()
    const worth = worthOf(waiting, { capacity: capacity.ofWorker(), ready: workers.ready() })
    const outlook = await outlooks.read(waiting, worth.backlog)
    // No `await` below: all values must be of the same moment.
    return {
      ...worth,
      beingTried: waiting.beingTried ?? 0,
      active: workers.active(),
      draining: workers.draining(),
      limit: loans.limit(),
      siblings: siblings.list().length,
      refusal: loans.refusal(),
      launchFailure: workers.launchFailure(),
      paused: queue.isPaused(),
      outlook,
    } as Seen
  }

  /** Returns the plan that was carried out. After a refused loan, the plan says why. */
  async function act(next: Plan): Promise<Plan> {
    if (next.action === 'launch') await waitBriefly(workers.launch(next.workers))
    // Half of the margin (a third of the loan) before the lender takes the place back.
    if (next.action === 'drain') workers.drain(next.workers, settings().loan / 6)
    if (next.action === 'borrow') {
      if (!(await loans.borrow())) return decide(await observe(), settings())
      if (loans.total() > workers.active()) await waitBriefly(workers.launch())
    }
    return next
  }

  async function step(): Promise<void> {
    lastStep = performance.now()
    const next = decide(await observe(), settings())
    const isNew = next.action !== 'none' || next.rule !== plan.rule
    if (isNew) onPlan(next)
    plan = await act(next)
  }

  /** Joins the reconciliation that is running, however long the provider takes. */
  function reconcile(): Promise<void> {
    reconciling ??= workers
      .reconcile()
      .catch((error) => {
        reconcileFailure = { error }
      })
      .finally(() => {
        reconciling = undefined
      })
    return reconciling
  }

  /** Steps never overlap: each sees what the one before it has done. */
  const runExclusive = serial()

  return {
    /** The timer's step: reconciles workers and renews loans first. */
    tick: (): Promise<void> =>
      runExclusive(async () => {
        await waitBriefly(reconcile())
        await loans.tick(workers.active())
        const failure = reconcileFailure
        reconcileFailure = undefined
        if (failure) throw failure.error
        await step()
      }),

    /** New tasks have arrived: runs a step soon. */
    poke(): void {
      if (poked) return
      const waitMs = Math.max(0, lastStep + quietMs - performance.now())
      poked = setTimeout(() => {
        poked = undefined
        runExclusive(step).catch((error) => onError('scaling', error))
      }, waitMs)
    },

    stop(): void {
      clearTimeout(poked)
    },

    last: (): Plan => plan,
  }
}
