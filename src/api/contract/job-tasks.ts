/** Tasks of a job as JSON: the way for programs in any language, and for `curl`. */
import { z } from '@hono/zod-openapi'
import { json, jsonBody, operation } from './operation.ts'
import { taskId, taskIdParam } from './schemas.ts'
import { enqueuedSchema } from './tasks.ts'

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

const newTask = z.object({
  id: taskId
    .optional()
    .describe(
      'chosen by you, so that the same request again makes no second task; else by the node',
    ),
  n: z
    .int()
    .min(0)
    .max(Number.MAX_SAFE_INTEGER)
    .optional()
    .describe('the number of the task in its job; from 1 in this request if absent'),
  values: z
    .record(z.string(), z.string())
    .optional()
    .describe('by placeholder: at most 3,000 bytes of JSON'),
  body: z
    .union([
      z.strictObject({ text: z.string() }),
      z.strictObject({ base64: z.string().regex(base64) }),
    ])
    .optional()
    .describe('the bytes of its input, as text or in base64; none if absent'),
})

export type JsonTask = z.infer<typeof newTask>

export const enqueueTasksOfJob = operation('enqueueTasksOfJob', {
  summary: 'Enqueue tasks of a job',
  description:
    'For up to 4 MiB of JSON. Larger inputs, and very many tasks, go as frames to `POST /v1/tasks`.',
  request: {
    params: taskIdParam,
    body: jsonBody(z.object({ tasks: z.array(newTask).min(1).max(1000) }), 'The tasks'),
  },
  responses: { 200: json(enqueuedSchema, 'All tasks are on disk, except conflicting ones') },
})
