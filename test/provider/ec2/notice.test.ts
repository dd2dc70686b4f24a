/** What a worker does between the notice and the end of its spot instance. */
import { expect, it } from 'vitest'
import { stopBefore } from '../../../src/provider/ec2/instance/notice.ts'

const now = Date.parse('2026-03-01T12:00:00Z')
const at = (time: string) => JSON.stringify({ action: 'terminate', time })

it.each([
  ['lets commands run until 30 s before the end', at('2026-03-01T12:01:55Z'), 85_000, 25_000],
  ['tells them at once if less is left', at('2026-03-01T12:00:20Z'), 0, 15_000],
  ['hurries if the end is now', at('2026-03-01T11:59:00Z'), 0, 0],
  ['trusts no clock that is ahead', at('2026-03-01T14:00:00Z'), 90_000, 25_000],
  ['takes a notice without a time for a fresh one', '{"action":"terminate"}', 80_000, 25_000],
  ['does so with what is no notice', 'soon', 80_000, 25_000],
])('%s', (_, notice, finishWithinMs, endWithinMs) => {
  expect(stopBefore(notice, now)).toEqual({
    why: 'AWS is about to reclaim its machine',
    finishWithinMs,
    endWithinMs,
  })
})
