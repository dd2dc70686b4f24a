/**
 * The contract of a store: `describeStore` runs it against stores of any engine that `open` makes.
 * The interfaces are in `src/node/store/`.
 */
import { describe } from 'vitest'
import { describeAttempts } from './store/attempts.ts'
import { describeCanaries } from './store/canaries.ts'
import { describeClaims } from './store/claims.ts'
import { describeCopying, type OpenCopy } from './store/copying.ts'
import { describeExpiry } from './store/expiry.ts'
import { describeFailedAttempts } from './store/failed-attempts.ts'
import { hold, type Open } from './store/held.ts'
import { describeJobProgress } from './store/job-progress.ts'
import { describeJobs } from './store/jobs.ts'
import { describeKeys } from './store/keys.ts'
import { describePauses } from './store/pauses.ts'
import { describePosition } from './store/position.ts'
import { describeReading } from './store/reading.ts'
import { describeReopening } from './store/reopening.ts'
import { describeRetention } from './store/retention.ts'
import { describeRoom } from './store/room.ts'
import { describeSeenWork } from './store/seen-work.ts'
import { describeShared } from './store/shared.ts'
import { describeTasks } from './store/tasks.ts'

export function describeStore(name: string, open: Open, openCopy: OpenCopy): void {
  describe(name, () => {
    const held = hold(open)
    describeTasks(held)
    describeClaims(held)
    describeAttempts(held)
    describeExpiry(held)
    describeReading(held)
    describePosition(held)
    describeRetention(held)
    describeJobs(held)
    describeShared(held)
    describeFailedAttempts(held)
    describeKeys(held)
    describePauses(held)
    describeCanaries(held)
    describeJobProgress(held)
    describeRoom(held)
    describeSeenWork(held)
    describeReopening(held)
    describeCopying(held, openCopy)
  })
}
