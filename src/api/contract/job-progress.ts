/** How far a job is. */
import { z } from '@hono/zod-openapi'
import { countsSchema } from './jobs.ts'
import { json, operation } from './operation.ts'
import { integerParam, taskIdParam } from './schemas.ts'
import { taskSchema } from './tasks.ts'

export const getJobProgress = operation('getJobProgress', {
  summary: 'Show how far a job is on this node',
  request: {
    params: taskIdParam,
    query: z.object({
      limit: integerParam('limit', { min: 1, max: 100 }, 10).describe('tasks of each sort'),
    }),
  },
  responses: {
    200: json(
      z
        .object({
          counts: countsSchema,
          running: z
            .array(
              taskSchema.extend({
                line: z.string().optional().describe('the last line that it has written'),
              }),
            )
            .describe('tasks that run, oldest first; `beganAt` says since when the command does'),
          failed: z.array(taskSchema).describe('the first tasks that failed'),
          pace: z
            .object({ ended: z.int(), ms: z.number() })
            .describe('how many tasks have succeeded in the last `ms` milliseconds'),
        })
        .openapi('JobProgress'),
      'Counts, some of the tasks, and the pace',
    ),
  },
})
