/** Handing results back. Reading one does not remove it; it is only noted that it was read. */
import { z } from '@hono/zod-openapi'
import { mergeResults } from '../../core/results.ts'
import type { Deps } from '../app.ts'
import { guarded, routes } from './guard.ts'
import { integerParam, json, resultSchema, taskIds } from './schemas.ts'

const pullCompleted = guarded(['admin'], {
  method: 'post',
  path: '/pullCompleted',
  summary: 'The newest results over all nodes, newest first',
  request: { query: z.object({ top: integerParam('top', { min: 1, max: 10_000 }) }) },
  responses: {
    200: {
      ...json(z.array(resultSchema), 'The results'),
      headers: {
        'tm-unreachable': {
          description: 'the nodes whose results are not among these, if any',
          schema: { type: 'string' as const },
        },
      },
    },
  },
})

const page = guarded(['admin', 'node'], {
  method: 'get',
  path: '/v1/results',
  summary: 'Results of this node, newest first, page by page',
  request: {
    query: z.object({
      limit: integerParam('limit', { min: 1, max: 10_000 }, 100),
      cursor: integerParam('cursor', { min: 0, max: Number.MAX_SAFE_INTEGER }).optional(),
    }),
  },
  responses: {
    200: json(
      z.object({ results: z.array(resultSchema), next: z.int().optional() }),
      'A page; there is more as long as `next` is there',
    ),
  },
})

const pulled = guarded(['admin', 'node'], {
  method: 'post',
  path: '/v1/results/pulled',
  summary: 'Notes that these results have reached whoever wanted them',
  request: { body: { required: true, ...json(taskIds, 'The ids, up to 1,000') } },
  responses: { 200: json(z.object({}), 'Noted') },
})

export function resultRoutes({ queue, siblings }: Deps) {
  return routes()
    .openapi(pullCompleted, async (c) => {
      const { top } = c.req.valid('query')
      const own = queue.results({ limit: top })
      const asked = siblings.list()
      const answers = await Promise.allSettled(
        asked.map(({ client }) => client.results({ limit: top }, { timeout: 5000 })),
      )
      const lists = answers.map((answer) =>
        answer.status === 'fulfilled' ? answer.value.results : [],
      )
      const merged = mergeResults([(await own).results, ...lists], top)
      const ids = new Set(merged.map(({ id }) => id))
      await queue.markPulled([...ids])
      // A sibling that can't be told will say "never pulled" of a result that was: the safe side.
      await Promise.allSettled(
        asked.map(({ client }, index) => {
          const theirs = lists[index]?.filter(({ id }) => ids.has(id)).map(({ id }) => id) ?? []
          return client.markPulled(theirs, { timeout: 5000 })
        }),
      )
      const missing = asked.filter((_, index) => answers[index]?.status === 'rejected')
      if (missing.length > 0) c.header('tm-unreachable', missing.map(({ id }) => id).join(', '))
      return c.json(merged, 200)
    })
    .openapi(page, async (c) => {
      const { limit, cursor } = c.req.valid('query')
      return c.json(await queue.results(cursor === undefined ? { limit } : { limit, cursor }), 200)
    })
    .openapi(pulled, async (c) => {
      await queue.markPulled(c.req.valid('json').ids)
      return c.json({}, 200)
    })
}
