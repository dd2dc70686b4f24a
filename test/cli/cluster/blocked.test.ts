/** Why nothing can run although tasks wait. */
import { expect, it } from 'vitest'
import { whyBlocked } from '../../../src/cli/cluster/blocked.ts'

type Seen = Parameters<typeof whyBlocked>[0][number]

const node = (changes: { queued?: number; running?: number; workers?: object[] }): Seen => {
  const { queued = 1, running = 0, workers = [] } = changes
  const limit = { own: 1, borrowed: 0, lent: 0 }
  return { queue: { queued, running }, workers, limit, paused: false } as unknown as Seen
}
const full = { id: 'w', diskFull: true }
const well = { id: 'v' }

it('is said if the disk of every worker is full', () => {
  const seen = [node({ workers: [full] }), node({ queued: 0, workers: [full, full] })]
  expect(whyBlocked(seen)?.reason).toBe('no command can run: the disk of every worker is full')
})

it.each([
  ['one worker has room', [node({ workers: [full] }), node({ workers: [well] })]],
  ['nothing waits', [node({ queued: 0, workers: [full] })]],
  ['something runs', [node({ running: 1, workers: [full] })]],
  ['a worker may be launched', [node({})]],
])('is nothing if %s', (_, seen) => {
  expect(whyBlocked(seen)).toBeUndefined()
})
