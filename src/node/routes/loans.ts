/** Lending places to siblings. */
import { z } from '@hono/zod-openapi'
import { TmError } from '../../core/errors.ts'
import type { Deps } from '../app.ts'
import { guarded, routes } from './guard.ts'
import { json, machineId } from './schemas.ts'

const loanId = z.uuid().describe('made by the borrower: asking twice is one loan')
const duration = z.number().describe('milliseconds from now until the loan expires')

const ask = guarded(['node'], {
  method: 'get',
  path: '/try_get_node_quota',
  summary: 'A sibling asks to have one more worker, in a place of this node',
  request: { query: z.object({ loan: loanId }) },
  responses: {
    200: json(
      z.discriminatedUnion('granted', [
        z.object({ granted: z.literal(true), loan: z.object({ id: z.string(), duration }) }),
        z.object({ granted: z.literal(false), reason: z.string() }),
      ]),
      'The answer; a granted loan is on disk',
    ),
  },
})

const renew = guarded(['node'], {
  method: 'put',
  path: '/v1/loans/{loan}',
  summary: 'The borrower still uses the place; 404 when the loan has lapsed',
  request: { params: z.object({ loan: loanId }) },
  responses: { 200: json(z.object({ duration }), 'Renewed, from now on') },
})

const giveBack = guarded(['node'], {
  method: 'delete',
  path: '/v1/loans/{loan}',
  summary: 'The place is free again',
  request: { params: z.object({ loan: loanId }) },
  responses: { 200: json(z.object({}), 'It is, or was before') },
})

export function loanRoutes({ loans, queue, workers }: Deps) {
  const borrowerOf = (c: { get(key: 'principal'): { subject: string } }): string =>
    machineId.parse(c.get('principal').subject)

  return routes()
    .openapi(ask, async (c) => {
      const { backlog } = await queue.stats()
      const wish = { id: c.req.valid('query').loan, borrower: borrowerOf(c) }
      return c.json(await loans.lend(wish, { active: workers.active(), backlog }), 200)
    })
    .openapi(renew, async (c) => {
      const id = c.req.valid('param').loan
      const renewed = await loans.extend({ id, borrower: borrowerOf(c) })
      if (!renewed) throw new TmError('not_found', `There is no loan ${id}`)
      return c.json(renewed, 200)
    })
    .openapi(giveBack, async (c) => {
      await loans.takeBack({ id: c.req.valid('param').loan, borrower: borrowerOf(c) })
      return c.json({}, 200)
    })
}
