/** Returns the last lines of a log. */
import { z } from '@hono/zod-openapi'
import { maxLineLength } from '../../runtime/tail.ts'
import { json, operation } from './operation.ts'
import { cursorParam, integerParam, machineId } from './schemas.ts'

/** What a worker has logged since it was last heard: few lines, because it logs no tasks. */
export const newLines = z
  .array(z.string().max(maxLineLength))
  .max(100)
  .optional()
  .describe('new lines of its log, which its node keeps for `GET /v1/logs/{id}`')

export const readLog = operation('readLog', {
  summary: 'Read the log of this node, or of a worker of it',
  description:
    'The last lines, as the machine wrote them. Those of workers are kept after their end.',
  request: {
    params: z.object({ id: machineId.openapi({ param: { name: 'id', in: 'path' } }) }),
    query: z.object({
      lines: integerParam('lines', { min: 1, max: 1000 }, 100).describe('at most this many'),
      after: cursorParam(undefined, 'after').optional(),
    }),
  },
  responses: {
    200: json(
      z.object({
        lines: z.array(z.string()),
        next: z.int().describe('give it as `after` to get only what is new'),
        ended: z.boolean().describe('the worker has ended: nothing will be added'),
      }),
      'The lines, oldest first',
    ),
  },
})
