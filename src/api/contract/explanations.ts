/** Why a task or a job is where it is. */
import { z } from '@hono/zod-openapi'
import { whys } from '../../core/explain/facts.ts'
import { json, operation } from './operation.ts'
import { taskIdParam } from './schemas.ts'

const explanation = z
  .object({
    why: z.enum(whys).describe('for programs'),
    because: z.string().describe('one sentence, for people'),
    facts: z.record(z.string(), z.string()).describe('what it rests on, for people'),
  })
  .openapi('Explanation')

export const explainTask = operation('explainTask', {
  summary: 'Explain why a task is where it is',
  description: 'For a queued task: the first thing that keeps it from running.',
  request: { params: taskIdParam },
  responses: { 200: json(explanation, 'The explanation') },
})

export const explainJob = operation('explainJob', {
  summary: 'Explain why a job is where it is on this node',
  description: 'While tasks wait: what keeps the first of them from running.',
  request: { params: taskIdParam },
  responses: { 200: json(explanation, 'The explanation') },
})
