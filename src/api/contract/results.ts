/** Returns results. Reading a result does not remove it. */
import { z } from '@hono/zod-openapi'
import { jobFields } from './jobs.ts'
import { done, json, jsonBody, operation } from './operation.ts'
import { cursorParam, integerParam, taskId, taskIds } from './schemas.ts'
import { sha512Fields } from './sha512.ts'

export const resultSchema = z
  .object({
    id: taskId,
    result: z.string(),
    kind: z.string().describe('the kind of work'),
    ...sha512Fields,
    ...jobFields,
    completedAt: z.number().describe('milliseconds since the Unix epoch'),
    attempts: z.int(),
    took: z.number().describe('milliseconds from the last claim to the result'),
  })
  .openapi('Result')

export const pullCompleted = operation('pullCompleted', {
  summary: 'Pull the newest results of all nodes, newest first',
  request: {
    query: z.object({
      top: integerParam('top', { min: 1, max: 10_000 }).describe('how many results'),
    }),
  },
  responses: {
    200: {
      ...json(z.array(resultSchema), 'The results'),
      headers: {
        'tm-unreachable': {
          description: 'the nodes that did not answer, whose results are missing',
          schema: { type: 'string' as const },
        },
      },
    },
  },
})

export const listResults = operation('listResults', {
  summary: 'List the results of this node, newest first',
  request: {
    query: z.object({
      limit: integerParam('limit', { min: 1, max: 10_000 }, 100).describe('results on a page'),
      cursor: cursorParam().optional(),
    }),
  },
  responses: {
    200: json(
      z.object({ results: z.array(resultSchema), next: z.int().optional() }),
      'A page. `next` is the cursor of the next page, if there is one',
    ),
  },
})

export const markPulled = operation('markPulled', {
  summary: 'Mark results as pulled',
  request: { body: jsonBody(taskIds, 'Up to 1,000 ids of tasks') },
  responses: done('The results are marked as pulled'),
})
