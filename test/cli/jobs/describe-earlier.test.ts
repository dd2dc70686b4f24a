/** What `tm run --resume` says of the tasks that earlier jobs have. */
import { describe, expect, it } from 'vitest'
import { countEarlier, describeEarlier, takenFrom } from '../../../src/cli/jobs/describe-earlier.ts'
import type { EarlierTask } from '../../../src/cli/jobs/earlier.ts'

const now = 10_000_000

function earlier(done: number, open: number) {
  const one = (state: EarlierTask['state'], n: number) =>
    ({ id: String(n), job: `job ${n % 2}`, state, completedAt: now - 60_000 - n }) as EarlierTask
  const tasks = [
    ...Array.from({ length: done }, (_, n) => one('succeeded', n)),
    ...Array.from({ length: open }, (_, n) => one(n === 0 ? 'running' : 'queued', n)),
  ]
  return { tasks: new Map(tasks.entries()) }
}

describe('describeEarlier', () => {
  it.each([
    [0, 0, 'None of 1,000 was run before'],
    [1, 0, '1 of 1,000 was done 1 min 0 s ago, 999 left to run'],
    [912, 0, '912 of 1,000 were done, the last 1 min 0 s ago, 88 left to run'],
    [0, 5, '0 of 1,000 were done, 5 are queued or running, 995 left to run'],
    [
      999,
      1,
      '999 of 1,000 were done, the last 1 min 0 s ago, 1 is queued or running, nothing left to run',
    ],
  ])('%i done and %i open', (done, open, said) => {
    const found = earlier(done, open)
    expect(describeEarlier(found, { total: 1000, now })).toBe(said)
    expect(countEarlier(found)).toEqual({ done, open })
  })
})

it('a job says how many tasks it takes from which', () => {
  expect(takenFrom(earlier(3, 1))).toEqual({
    taken: [
      { job: 'job 0', tasks: 3 },
      { job: 'job 1', tasks: 1 },
    ],
  })
  expect(takenFrom(earlier(0, 0))).toEqual({})
})
