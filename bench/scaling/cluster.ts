/**
 * One node and its workers in virtual time: the real policy decides, everything else is simulated. No
 * launch fails, and no machine is lost. All times and durations are milliseconds.
 */

import { classOfJob, sumOf } from '../../src/core/scaling/outlook.ts'
import { effectiveLimit, type Observation, type Plan } from '../../src/core/scaling/plan.ts'
import type { Outlook, Timing } from '../../src/core/scaling/target.ts'
import { createAgenda } from './agenda.ts'
import { createRandom } from './random.ts'

export interface Policy {
  name: string
  /** What one believes that a task takes, before any has ended. */
  prior?: number
  decide(seen: Observation & { outlook: Outlook }, now: number): Plan
  /** How long an idle worker stays that has run for so long. */
  stayMs(ranMs: number): number
}

export interface World {
  slots: number
  limit: number
  timing: Timing
  /** How far a boot is off, in one of three. */
  bootSpread: number
}

/** Boots on EC2, as assumed: 75 ± 8 s, of which 12 are not paid for; two launches a second. */
export const world: World = {
  slots: 2,
  limit: 50,
  timing: { boot: 75_000, paidBoot: 63_000, gap: 500, leastPaid: 60_000 },
  bootSpread: 8000,
}

/** How long the boots of the first, second, … machine take. */
export function bootsOf({ timing, bootSpread }: World, seed: number): (index: number) => number {
  const { normal } = createRandom(seed + 1000)
  const boots: number[] = []
  return (index) => {
    while (boots.length <= index) {
      boots.push(Math.max(timing.boot / 4, timing.boot + bootSpread * normal()))
    }
    return boots[index] ?? timing.boot
  }
}

export interface Outcome {
  /** From the first task to the last result. */
  time: number
  /** Milliseconds of machines. */
  paid: number
  launched: number
}

interface Machine {
  asked: number
  joined?: number
  idleSince: number
  /** When its tasks began. */
  running: number[]
  ended?: number
}

const tickMs = 1000

/** All tasks arrive at once, and are claimed in this order. */
export function simulate(
  durations: readonly number[],
  policy: Policy,
  { slots, limit, timing }: World,
  bootOf: (index: number) => number,
): Outcome {
  const agenda = createAgenda()
  const machines: Machine[] = []
  let next = 0
  let ended = 0
  let ranMs = 0
  let longestMs = 0
  let doneAt = 0

  const alive = () => machines.filter((machine) => machine.ended === undefined)
  const waiting = () => durations.length - next

  function launch(index: number): void {
    const machine: Machine = { asked: agenda.now(), idleSince: 0, running: [] }
    machines.push(machine)
    const joins = machine.asked + index * timing.gap + bootOf(machines.length - 1)
    agenda.at(joins, () => join(machine))
  }

  function join(machine: Machine): void {
    if (machine.ended !== undefined) return
    machine.joined = agenda.now()
    machine.idleSince = agenda.now()
    claim(machine)
  }

  function claim(machine: Machine): void {
    while (machine.running.length < slots && next < durations.length) {
      const took = durations[next] ?? 0
      next += 1
      const began = agenda.now()
      machine.running.push(began)
      agenda.at(began + took, () => {
        machine.running.splice(machine.running.indexOf(began), 1)
        machine.idleSince = agenda.now()
        ended += 1
        ranMs += took
        longestMs = Math.max(longestMs, took)
        doneAt = agenda.now()
        claim(machine)
      })
    }
  }

  function observe(): Observation & { outlook: Outlook } {
    const now = agenda.now()
    const all = alive()
    const ages = all.flatMap(({ running }) => running.map((began) => now - began))
    const job = classOfJob(
      { waiting: waiting(), ended, ranMs, longestMs, ages },
      { places: slots, bootMs: timing.paidBoot, prior: policy.prior },
    )
    const starting = all.filter(({ joined }) => joined === undefined)
    return {
      backlog: waiting(),
      oldestWait: waiting() > 0 ? now : 0,
      fills: Math.ceil(waiting() / slots),
      jobWait: waiting() > 0 ? now : 0,
      active: all.length,
      draining: 0,
      limit: { own: limit, borrowed: 0, lent: 0 },
      siblings: 0,
      paused: false,
      outlook: {
        ...sumOf([job]),
        isUntried: false,
        unfinished: durations.length - ended,
        since: now,
        workers: {
          up: all.length - starting.length,
          starting: starting.map(({ asked }) => now - asked),
          queued: 0,
        },
        timing,
      },
    }
  }

  function step(): void {
    const seen = observe()
    const plan = policy.decide(seen, agenda.now())
    const room = effectiveLimit(seen.limit) - seen.active
    if (plan.action === 'launch') {
      for (let index = 0; index < Math.min(plan.workers, room); index += 1) launch(index)
    }
    if (plan.action === 'drain') drain(plan.workers)
    for (const machine of alive()) leaveIfIdle(machine)
    const isOver = ended === durations.length && alive().length === 0
    if (!isOver) agenda.at(agenda.now() + tickMs, step)
  }

  /** Those that start come first. */
  function drain(count: number): void {
    const order = alive().sort((a, b) => (a.joined ?? 0) - (b.joined ?? 0))
    for (const machine of order.filter(({ running }) => running.length === 0).slice(0, count)) {
      machine.ended = agenda.now()
    }
  }

  function leaveIfIdle(machine: Machine): void {
    if (machine.joined === undefined || machine.running.length > 0 || waiting() > 0) return
    const now = agenda.now()
    if (now - machine.idleSince >= policy.stayMs(now - machine.asked)) machine.ended = now
  }

  agenda.at(0, step)
  agenda.run()
  const pending = timing.boot - timing.paidBoot
  const paid = machines.map(({ asked, ended: at = asked }) =>
    Math.max(timing.leastPaid, at - asked - pending),
  )
  return {
    time: doneAt,
    paid: paid.reduce((sum, ms) => sum + ms, 0),
    launched: machines.length,
  }
}
