/** Looking at tasks, and changing what becomes of one. */
import { z } from '@hono/zod-openapi'
import type { Deps } from '../app.ts'
import { guarded, routes } from './guard.ts'
import { idParam, integerParam, json, taskIds, taskSchema, taskState } from './schemas.ts'

const one = guarded(['admin', 'node'], {
  method: 'get',
  path: '/v1/tasks/{id}',
  summary: 'One task of this node',
  request: { params: idParam },
  responses: { 200: json(taskSchema, 'The task') },
})

const lookup = guarded(['admin', 'node'], {
  method: 'post',
  path: '/v1/tasks/lookup',
  summary: 'Many tasks by id; unknown ones are left out',
  request: { body: { required: true, ...json(taskIds, 'The ids, up to 1,000') } },
  responses: { 200: json(z.object({ tasks: z.array(taskSchema) }), 'The known ones') },
})

const list = guarded(['admin', 'node'], {
  method: 'get',
  path: '/v1/tasks',
  summary: 'Tasks in the order of their arrival, page by page',
  request: {
    query: z.object({
      state: taskState.optional(),
      limit: integerParam('limit', { min: 1, max: 1000 }, 100),
      cursor: integerParam('cursor', { min: 0, max: Number.MAX_SAFE_INTEGER }, 0),
    }),
  },
  responses: {
    200: json(
      z.object({ tasks: z.array(taskSchema), next: z.int().optional() }),
      'A page, which may be short or empty; there is more as long as `next` is there',
    ),
  },
})

const cancel = guarded(['admin'], {
  method: 'post',
  path: '/v1/tasks/{id}/cancel',
  summary: 'Cancels a queued or running task',
  request: { params: idParam },
  responses: { 200: json(taskSchema, 'The cancelled task') },
})

const retry = guarded(['admin'], {
  method: 'post',
  path: '/v1/tasks/{id}/retry',
  summary: 'Queues a failed task again, with all its attempts',
  request: { params: idParam },
  responses: { 200: json(taskSchema, 'The queued task') },
})

export function taskRoutes({ queue }: Deps) {
  return routes()
    .openapi(one, async (c) => c.json(await queue.get(c.req.valid('param').id), 200))
    .openapi(lookup, async (c) => {
      const found = await queue.lookup(c.req.valid('json').ids)
      return c.json({ tasks: found.filter((task) => task !== undefined) }, 200)
    })
    .openapi(list, async (c) => c.json(await queue.list(c.req.valid('query')), 200))
    .openapi(cancel, async (c) => c.json(await queue.cancel(c.req.valid('param').id), 200))
    .openapi(retry, async (c) => c.json(await queue.retry(c.req.valid('param').id), 200))
}
