/** When a transfer counts as stalled: by silence, and by a rate that is as good as silence. */
import { expect, it } from 'vitest'
import { stallLimit, timeLeft } from '../../src/core/stall.ts'

/** How long a transfer lives in which so many bytes move every so often; undefined if it has no end. */
function lifeMs(bytes: number, everyMs: number): number | undefined {
  let leftMs = stallLimit.limitMs
  for (let at = 0; at < 3_600_000; at += everyMs) {
    if (leftMs <= everyMs) return at + leftMs
    leftMs = timeLeft(leftMs, { elapsedMs: everyMs, bytes }, stallLimit)
  }
  return undefined
}

it.each([
  ['nothing', 0, 1000, 30_000],
  ['a byte a second', 1, 1000, 30_030],
  ['half of the slowest rate', 512, 1000, 59_000],
  ['the slowest rate', 1024, 1000, undefined],
  ['5 Mbit/s', 64 * 1024, 105, undefined],
  ['a lot, and then 29 s of nothing, again and again', 1024 ** 2, 29_000, undefined],
  ['a lot, and then 31 s of nothing', 1024 ** 2, 31_000, 30_000],
])('%s: lives so long', (_, bytes, everyMs, expected) => {
  const life = lifeMs(bytes, everyMs)
  if (expected === undefined) expect(life).toBeUndefined()
  else expect(Math.abs((life as number) - expected)).toBeLessThan(1000)
})

it('saves no time up: after an hour at full speed, silence has the same limit', () => {
  const fast = { elapsedMs: 3_600_000, bytes: 1024 ** 4 }
  expect(timeLeft(stallLimit.limitMs, fast, stallLimit)).toBe(stallLimit.limitMs)
})
