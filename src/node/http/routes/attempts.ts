/** Returns the failed attempts of a task. */
import * as contract from '../../../api/contract/attempts.ts'
import { presentAttempt } from '../attempts.ts'
import { guarded, routeSet } from '../guard.ts'
import type { NodeContext } from '../node-context.ts'

export function attemptRoutes({ jobs }: NodeContext) {
  return routeSet().openapi(guarded(contract.attemptsOfTask), async (c) => {
    const attempts = await jobs.failedAttempts(c.req.valid('param').id)
    return c.json({ attempts: attempts.map(presentAttempt) }, 200)
  })
}
