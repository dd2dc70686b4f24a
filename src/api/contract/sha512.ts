/** The fields and the route of iterated SHA-512, the only kind of work with its own route. */
import { z } from '@hono/zod-openapi'
import { taskIdPattern } from '../../core/task.ts'
import { iterationsRange } from '../../kinds/sha512/sha512.ts'
import { binary, json, operation } from './operation.ts'
import { integerParam } from './schemas.ts'

/** The extra fields of tasks and results of this kind. */
export const sha512Fields = {
  iterations: z.int().optional().describe('only for tasks of the kind sha512'),
}

export const enqueueTask = operation('enqueueTask', {
  summary: 'Enqueue one task of iterated SHA-512',
  description: 'The body is the bytes of the task, of any content type.',
  request: {
    query: z.object({
      iterations: integerParam('iterations', iterationsRange).describe(
        'how many times SHA-512 is applied',
      ),
    }),
    headers: z.object({
      'idempotency-key': z
        .string()
        .regex(taskIdPattern, { error: 'idempotency-key must be a UUID in lower case' })
        .optional()
        .openapi({ format: 'uuid' })
        .describe(
          'the id of the task, chosen by the client (UUIDv7), so that a retry makes no second task',
        ),
    }),
    body: { content: { 'application/octet-stream': binary } },
  },
  responses: { 201: json(z.object({ id: z.string() }), 'The task is on disk') },
})
