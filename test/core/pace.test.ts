/** How fast tasks have ended lately. */
import { expect, it } from 'vitest'
import { paceOf } from '../../src/core/pace.ts'

const now = 10_000_000
const ago = (...seconds: number[]) => seconds.map((one) => now - one * 1000)
const every = (seconds: number, count: number) =>
  ago(...Array.from({ length: count }, (_, index) => index * seconds))

it.each<[string, number[], number, { ended: number; ms: number }]>([
  ['of none', [], 0, { ended: 0, ms: 60_000 }],
  ['of the last minute', every(1, 500), 0, { ended: 61, ms: 60_000 }],
  ['since it began', ago(1, 2), now - 4000, { ended: 2, ms: 4000 }],
  ['of at least ten, however long that takes', every(100, 50), 0, { ended: 10, ms: 900_000 }],
  ['of fewer, if there are not more', ago(5, 30), 0, { ended: 2, ms: 60_000 }],
  ['of one long ago', ago(3000), 0, { ended: 1, ms: 3_000_000 }],
])('%s', (_, times, since, pace) => {
  expect(paceOf(times, { now, since })).toEqual(pace)
})
