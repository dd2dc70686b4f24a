/** How much work waits and runs, in milliseconds of one worker. Pure. */
import { type Belief, type Evidence, meanOf, remainingMs, spreadOf } from './estimate.ts'
import type { Outlook } from './target.ts'

/** Tasks that are alike. All durations are milliseconds. */
export interface WorkClass {
  /** Those that may run now, and those that run. */
  waiting: number
  running: number
  /** How many a worker runs at the same time; 0 if it can run none. */
  places: number
  /** How long one takes; undefined while nothing is known. */
  mean: number | undefined
  /** By how much the longest takes longer. */
  spread: number
  /** What is left of those that run. */
  leftMs: number
}

/** Tasks of a job, by what those before them have shown. */
export function classOfJob(
  tasks: Evidence & { waiting: number },
  { places, ...belief }: Belief & { places: number },
): WorkClass {
  const { waiting, ages } = tasks
  const mean = meanOf(tasks, belief)
  const leftMs = mean === undefined ? 0 : remainingMs(ages, mean)
  const spread = mean === undefined ? 0 : spreadOf(tasks, mean)
  return { waiting, running: ages.length, places, mean, spread, leftMs }
}

/** Tasks whose cost is known, by how much of it a slot does in a millisecond; 0 if that is not known. */
export function classOfCosts(
  { waiting, running, cost }: { waiting: number; running: number; cost: number },
  { slots, rate }: { slots: number; rate: number },
): WorkClass {
  const mean = rate > 0 ? cost / rate : undefined
  return { waiting, running, places: slots, mean, spread: 0, leftMs: (running * (mean ?? 0)) / 2 }
}

export function sumOf(
  classes: readonly WorkClass[],
): Pick<Outlook, 'work' | 'fills' | 'spread' | 'known'> {
  const possible = classes.filter(({ places }) => places > 0)
  const total = (of: (one: WorkClass) => number) =>
    possible.reduce((sum, one) => sum + of(one) / one.places, 0)
  return {
    work: {
      waiting: total(({ waiting, mean = 0 }) => waiting * mean),
      inHand: total(({ leftMs }) => leftMs),
    },
    fills: {
      waiting: total(({ waiting }) => waiting),
      all: total(({ waiting, running }) => waiting + running),
    },
    // Of what still waits: nobody can help those that run.
    spread: Math.max(
      0,
      ...possible.filter(({ waiting }) => waiting > 0).map(({ spread }) => spread),
    ),
    known: possible.some(({ waiting, mean }) => waiting > 0 && mean !== undefined),
  }
}
