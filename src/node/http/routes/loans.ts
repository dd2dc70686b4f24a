/** Lends places for workers to siblings. */
import * as contract from '../../../api/contract/loans.ts'
import { machineId } from '../../../api/contract/schemas.ts'
import { TmError } from '../../../core/errors.ts'
import { guarded, routeSet } from '../guard.ts'
import type { NodeContext } from '../node-context.ts'

export function loanRoutes({ loans, queue, workers }: NodeContext) {
  const borrowerOf = (c: { get(key: 'principal'): { subject: string } }): string =>
    machineId.parse(c.get('principal').subject)

  return routeSet()
    .openapi(guarded(contract.requestLoan), async (c) => {
      const { backlog } = await queue.stats()
      const asked = { id: c.req.valid('query').loan, borrower: borrowerOf(c) }
      return c.json(await loans.lend(asked, { active: workers.active(), backlog }), 200)
    })
    .openapi(guarded(contract.renewLoan), async (c) => {
      const id = c.req.valid('param').loan
      const renewed = await loans.extend({ id, borrower: borrowerOf(c) })
      if (!renewed) throw new TmError('not_found', `There is no loan ${id}`)
      return c.json(renewed, 200)
    })
    .openapi(guarded(contract.returnLoan), async (c) => {
      await loans.takeBack({ id: c.req.valid('param').loan, borrower: borrowerOf(c) })
      return c.json({}, 200)
    })
}
