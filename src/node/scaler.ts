/**
 * The scaler: observes, decides (pure, `core/policy.ts`), acts. On a timer, and on every enqueue;
 * one step at a time.
 */
import { decide, type Observation, type Plan } from '../core/policy.ts'
import type { Settings } from '../core/settings.ts'
import type { Loans } from './loans.ts'
import type { Queue } from './queue.ts'
import type { Siblings } from './siblings.ts'
import type { Workers } from './workers.ts'

export interface ScalerOptions {
  queue: Pick<Queue, 'stats' | 'isPaused'>
  workers: Workers
  loans: Loans
  siblings: Pick<Siblings, 'list'>
  settings: () => Settings
  /** Every decision that is not the one before it again. */
  onPlan: (plan: Plan) => void
  onError: (what: string, error: unknown) => void
}

/**
 * A cloud may take minutes to answer. Loans, which live for one, are renewed meanwhile: nothing waits
 * longer than this for a provider. What it was asked goes on; a place is taken from the beginning.
 */
const patience = 1000

async function briefly(work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const enough = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, patience)
  })
  await Promise.race([work, enough])
  clearTimeout(timer)
}

export type Scaler = ReturnType<typeof createScaler>

/** A burst of enqueues is answered with one step now and one after it, not with thousands. */
const quietMs = 50

export function createScaler(options: ScalerOptions) {
  const { queue, workers, loans, siblings, settings, onPlan, onError } = options
  const start: Plan = { action: 'none', rule: 2, drain: 0, reason: 'just started' }
  let plan = start
  let turn: Promise<unknown> = Promise.resolve()
  let poked: NodeJS.Timeout | undefined
  let lastStep = 0
  let looking: Promise<void> | undefined
  let lookFailed: { error: unknown } | undefined

  async function observe(): Promise<Observation> {
    const { backlog, oldestWait } = await queue.stats()
    // Everything below is read in one go: nothing may change between seeing and acting.
    return {
      backlog,
      oldestWait,
      active: workers.active(),
      draining: workers.draining(),
      limit: loans.limit(),
      siblings: siblings.list().length,
      refusal: loans.refusal(),
      launchFailure: workers.launchFailure(),
      paused: queue.isPaused(),
    } as Observation
  }

  /** Gives the plan that was carried out; a loan that was refused comes back with the reason. */
  async function act(next: Plan): Promise<Plan> {
    if (next.action === 'launch') await briefly(workers.launch())
    // The worker has half of the time in which the lender does not count on the place yet.
    if (next.action === 'drain') workers.drain(next.drain, settings().loan / 6)
    if (next.action === 'borrow') {
      if (!(await loans.borrow())) return decide(await observe(), settings())
      if (loans.total() > workers.active()) await briefly(workers.launch())
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

  /** One look at the machines at a time, however long the provider takes. */
  function look(): Promise<void> {
    looking ??= workers
      .sweep()
      .catch((error) => {
        lookFailed = { error }
      })
      .finally(() => {
        looking = undefined
      })
    return looking
  }

  /** Steps never overlap: each decides on what the one before it has done. */
  function inTurn(work: () => Promise<void>): Promise<void> {
    const mine = turn.then(work)
    turn = mine.catch(() => {})
    return mine
  }

  return {
    /** The timer's step: looks after workers and loans first. */
    tick: (): Promise<void> =>
      inTurn(async () => {
        await briefly(look())
        await loans.tick(workers.active())
        const problem = lookFailed
        lookFailed = undefined
        if (problem) throw problem.error
        await step()
      }),

    /** There is new work: decides soon. */
    poke(): void {
      if (poked) return
      const wait = Math.max(0, lastStep + quietMs - performance.now())
      poked = setTimeout(() => {
        poked = undefined
        inTurn(step).catch((error) => onError('scaling', error))
      }, wait)
    },

    stop(): void {
      clearTimeout(poked)
    },

    last: (): Plan => plan,
  }
}
