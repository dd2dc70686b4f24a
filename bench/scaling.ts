/**
 * What scaling policies cost in time and money, against one who knows how long each task takes: in virtual
 * time, over the workloads of `scaling/workloads.ts`. Ratios: 1 is that of the clairvoyant.
 */

import { world } from './scaling/cluster.ts'
import { casesOf, compare, geometricMean, type Ratios } from './scaling/compare.ts'
import { byTarget, rules, targetTracking } from './scaling/policies.ts'
import { workloads } from './scaling/workloads.ts'
import type { Row } from './table.ts'

const seeds = [1, 2, 3]

const policies = [
  () => rules(600_000),
  () => rules(15_000),
  (mean: number) => byTarget('target, mean known', mean),
  (mean: number) => byTarget('target, believed 1.5 × too high', 1.5 * mean),
  (mean: number) => byTarget('target, believed 1.5 × too low', mean / 1.5),
  () => byTarget('target, nothing known'),
  (mean: number) => targetTracking(mean),
]

export async function scaling(): Promise<Row[]> {
  return [50, 10].flatMap((limit) => {
    const cases = casesOf(workloads, seeds, { ...world, limit })
    return policies.flatMap((policyFor) => {
      const all = compare(policyFor, cases)
      const what = `${policyFor(1000).name}, limit ${limit}`
      return [rowOf(all, 'time', what), rowOf(all, 'money', what)]
    })
  })
}

function rowOf(all: Ratios[], which: 'time' | 'money', what: string): Row {
  const worst = all.reduce((most, one) => (one[which] > most[which] ? one : most))
  return {
    bench: 'scaling',
    what: `${what}: ${which}`,
    value: geometricMean(all.map((one) => one[which])),
    unit: '×',
    runs: all.map((one) => one[which]),
    note: `geometric mean; worst: ${worst.workload}`,
  }
}
