/**
 * What every store has to do, whatever it is made of: `describeStore` runs the whole contract of
 * `src/node/store/store.ts` against one that `open` makes.
 */
import { describe } from 'vitest'
import { describeAttempts } from './store/attempts.ts'
import { describeClaims } from './store/claims.ts'
import { describeCopying, type OpenCopy } from './store/copying.ts'
import { describeExpiry } from './store/expiry.ts'
import { hold, type Open } from './store/held.ts'
import { describeReading } from './store/reading.ts'
import { describeReopening } from './store/reopening.ts'
import { describeRetention } from './store/retention.ts'
import { describeTasks } from './store/tasks.ts'

export function describeStore(name: string, open: Open, openCopy: OpenCopy): void {
  describe(name, () => {
    const held = hold(open)
    describeTasks(held)
    describeClaims(held)
    describeAttempts(held)
    describeExpiry(held)
    describeReading(held)
    describeRetention(held)
    describeReopening(held)
    describeCopying(held, openCopy)
  })
}
