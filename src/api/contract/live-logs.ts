/** What running commands write, while somebody looks. */
import { z } from '@hono/zod-openapi'
import { taskStates } from '../../core/task.ts'
import { liveTextBytes } from '../../kinds/command/ending.ts'
import { attemptSchema } from './leases.ts'
import { done, json, jsonBody, operation } from './operation.ts'
import { cursorParam, integerParam, taskId, taskIdParam, wholeNumber } from './schemas.ts'

const stream = z.enum(['stdout', 'stderr'])
const bytes = wholeNumber

export const readTaskLog = operation('readTaskLog', {
  summary: 'Read what a running command writes',
  description:
    'The worker sends it while somebody asks, every second: at first the last 64 KiB of each stream, then what is added.',
  request: {
    params: taskIdParam,
    query: z.object({ after: cursorParam(0, 'after') }),
  },
  responses: {
    200: json(
      z.object({
        state: z.enum(taskStates),
        attempt: z.int().describe('the attempt that runs, or ran last'),
        worker: z.string().optional(),
        pieces: z.array(
          z.object({
            stream,
            text: z.string(),
            missed: z.int().describe('bytes of the stream before this piece that were left out'),
          }),
        ),
        next: z.int().describe('give it as `after` to get only what is new'),
      }),
      'The pieces, in the order in which they came',
    ),
  },
})

export const watchedLeases = operation('watchedLeases', {
  summary: 'Wait until somebody looks at what this worker’s tasks write',
  request: {
    body: jsonBody(
      z.object({ wait: z.int().min(0).max(60_000).describe('milliseconds') }),
      'How long to wait',
    ),
  },
  responses: {
    200: json(
      z.object({
        watched: z.array(
          attemptSchema.extend({
            stdout: bytes.optional().describe('from which byte on; the last of it if absent'),
            stderr: bytes.optional(),
          }),
        ),
      }),
      'The attempts that are watched; may be none',
    ),
  },
})

export const writeTaskLog = operation('writeTaskLog', {
  summary: 'Add what a watched command has written',
  request: {
    params: z.object({
      id: taskId,
      attempt: integerParam('attempt', { min: 1, max: 1_000_000 }),
    }),
    body: jsonBody(
      z.object({
        pieces: z
          .array(z.object({ stream, from: bytes, to: bytes, text: z.string().max(liveTextBytes) }))
          .max(10)
          .describe('`from` and `to` are the bytes of the stream that a piece is'),
      }),
      'The pieces',
    ),
  },
  responses: done('Somebody reads it, or nobody looks any more'),
})
