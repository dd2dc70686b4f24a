/** Lends places for workers to siblings. */
import { z } from '@hono/zod-openapi'
import { done, json, operation } from './operation.ts'

const loanId = z.uuid().describe('chosen by the borrower: a repeated request is the same loan')
const duration = z.number().describe('milliseconds from now until the loan expires')
const loanParam = z.object({ loan: loanId })

export const requestLoan = operation('requestLoan', {
  summary: 'Borrow a place for one worker from this node',
  request: { query: loanParam },
  responses: {
    200: json(
      z.discriminatedUnion('granted', [
        z.object({ granted: z.literal(true), loan: z.object({ id: z.string(), duration }) }),
        z.object({ granted: z.literal(false), reason: z.string() }),
      ]),
      'The answer. A granted loan is on disk',
    ),
  },
})

export const renewLoan = operation('renewLoan', {
  summary: 'Renew a loan',
  request: { params: loanParam },
  responses: { 200: json(z.object({ duration }), 'Loan renewed from now') },
})

export const returnLoan = operation('returnLoan', {
  summary: 'Return a loan',
  request: { params: loanParam },
  responses: done('Loan returned (idempotent)'),
})
