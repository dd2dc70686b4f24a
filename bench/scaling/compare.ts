/** A policy against the clairvoyant: ratios of time and money, for each workload and seed. */
import { clairvoyant } from './clairvoyant.ts'
import { bootsOf, type Outcome, type Policy, simulate, type World } from './cluster.ts'
import { targetMs } from './policies.ts'
import { durationsOf, type Workload } from './workloads.ts'

/** A batch, and what who knows all of it makes of it. */
export interface Case {
  workload: string
  world: World
  durations: number[]
  boots: (index: number) => number
  best: Outcome
}

export interface Ratios {
  workload: string
  time: number
  money: number
}

export function geometricMean(values: number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length)
}

export function casesOf(workloads: Workload[], seeds: number[], world: World): Case[] {
  return workloads.flatMap((workload) =>
    seeds.map((seed) => {
      const durations = durationsOf(workload, seed)
      const boots = bootsOf(world, seed)
      const best = clairvoyant(durations, targetMs, world, boots)
      return { workload: workload.name, world, durations, boots, best }
    }),
  )
}

/** `policyFor` gets the mean of the durations, which only some policies believe. */
export function compare(policyFor: (mean: number) => Policy, cases: Case[]): Ratios[] {
  return cases.map(({ workload, world, durations, boots, best }) => {
    const mean = durations.reduce((sum, ms) => sum + ms, 0) / durations.length
    const got = simulate(durations, policyFor(mean), world, boots)
    return { workload, time: got.time / best.time, money: got.paid / best.paid }
  })
}
