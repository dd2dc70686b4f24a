/** How long an idle worker stays under the target policy. */
import { expect, it } from 'vitest'
import { stayMs } from '../../../src/core/scaling/staying.ts'

const ec2 = { paidBoot: 63_000, leastPaid: 60_000 }

it.each([
  ['after a batch, a quarter of a boot', ec2, 1, 600_000, 15_750],
  ['work came again and again: a boot', ec2, 3, 600_000, 63_000],
  ['never before the least that is paid for', ec2, 1, 20_000, 40_000],
  ['… which may be less', ec2, 1, 50_000, 15_750],
  ['a process of this computer', { paidBoot: 300, leastPaid: 0 }, 1, 10, 75],
])('%s', (_name, timing, recentStarts, ranMs, stay) => {
  expect(stayMs(timing, { recentStarts, ranMs })).toBe(stay)
})
