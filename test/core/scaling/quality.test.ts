/**
 * What the target policy promises (docs/scaling.md), against one who knows how long each task takes: in
 * virtual time, with the functions that a node calls. Seeds are fixed.
 */
import { describe, expect, it } from 'vitest'
import { world } from '../../../bench/scaling/cluster.ts'
import { casesOf, compare, geometricMean } from '../../../bench/scaling/compare.ts'
import { byTarget, rules } from '../../../bench/scaling/policies.ts'
import { workloads } from '../../../bench/scaling/workloads.ts'

const seeds = [1, 2, 3]
const short = workloads.filter(({ isShort }) => isShort)

describe.each([10, 50])('a limit of %i', (limit) => {
  const cases = casesOf(short, seeds, { ...world, limit })
  const compared = (policyFor: Parameters<typeof compare>[0]) => compare(policyFor, cases)

  it.each([
    ['known', 1, 1.25],
    ['believed 1.5 × too high', 1.5, 1.25],
    ['unknown', undefined, 1.4],
  ])('the mean is %s', (name, factor, most) => {
    const all = compared((mean) => byTarget(name, factor && factor * mean))
    expect(all).toHaveLength(short.length * seeds.length)
    for (const { workload, time, money } of all) {
      expect.soft(time, `time of ${workload}`).toBeLessThanOrEqual(most)
      expect.soft(money, `money of ${workload}`).toBeLessThanOrEqual(most)
    }
    expect(geometricMean(all.map(({ time }) => time))).toBeLessThanOrEqual(1.15)
    expect(geometricMean(all.map(({ money }) => money))).toBeLessThanOrEqual(1.15)
  })

  it('takes tasks that are nearly as long as the target in one round', () => {
    const long = workloads.filter(({ isShort }) => !isShort)
    const all = compare(() => byTarget('unknown'), casesOf(long, seeds, { ...world, limit }))
    expect(all).toHaveLength(seeds.length)
    for (const { time, money } of all) expect([time < 1.4, money < 1.4]).toEqual([true, true])
  })

  it('costs a fraction of the four rules with their idle time of ten minutes', () => {
    const money = (policyFor: Parameters<typeof compare>[0]) =>
      geometricMean(compared(policyFor).map((one) => one.money))
    expect(money(() => rules(600_000)) / money(() => byTarget('unknown'))).toBeGreaterThan(2)
  })
})
