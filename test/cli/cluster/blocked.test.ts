/** Why nothing can run although tasks wait. */
import { expect, it } from 'vitest'
import { whyBlocked } from '../../../src/cli/cluster/blocked.ts'

type Seen = Parameters<typeof whyBlocked>[0][number]

interface Changes {
  queued?: number
  running?: number
  workers?: object[]
  failedSetup?: object
}

const node = ({ queued = 1, running = 0, workers = [], failedSetup }: Changes): Seen => {
  const limit = { own: 1, borrowed: 0, lent: 0 }
  const seen = { queue: { queued, running }, workers, limit, paused: false, failedSetup }
  return seen as unknown as Seen
}
const full = { id: 'w', diskFull: true }
const well = { id: 'v' }

it('is said if the disk of every worker is full', () => {
  const seen = [node({ workers: [full] }), node({ queued: 0, workers: [full, full] })]
  expect(whyBlocked(seen)?.reason).toBe('no command can run: the disk of every worker is full')
})

it('is the newest setup that failed, if no worker is there', () => {
  const failed = (at: number, exit: number) => ({
    failedSetup: {
      worker: 'w',
      at,
      why: `exit ${exit}`,
      lines: ['first', `\u001b[31mlast ${exit}`],
    },
  })
  const seen = [node(failed(2, 2)), node(failed(3, 3)), node({ queued: 0 })]
  expect(whyBlocked(seen)?.reason).toMatch(
    /^no worker is ready: setup failed: exit 3: \P{Cc}*last 3$/u,
  )
  expect(whyBlocked([node({ ...failed(2, 2), workers: [well] })])).toBeUndefined()
})

it.each([
  ['one worker has room', [node({ workers: [full] }), node({ workers: [well] })]],
  ['nothing waits', [node({ queued: 0, workers: [full] })]],
  ['something runs', [node({ running: 1, workers: [full] })]],
  ['a worker may be launched', [node({})]],
])('is nothing if %s', (_, seen) => {
  expect(whyBlocked(seen)).toBeUndefined()
})
