/** Handing results back. Reading one does not remove it; it is only noted that it was read. */
import { z } from '@hono/zod-openapi'
import { newestResults, type ResultSource } from '../../client/newest.ts'
import type { Result } from '../../core/task.ts'
import type { Deps } from '../app.ts'
import type { SiblingClient } from '../siblings.ts'
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

const patience = { timeout: 5000 }

function sourceOf(queue: Deps['queue']): ResultSource {
  return {
    results: queue.results,
    lookup: async (ids) => (await queue.lookup(ids)).filter((task) => task !== undefined),
  }
}

function patiently(sibling: SiblingClient): ResultSource {
  return {
    results: (page) => sibling.results(page, patience),
    lookup: (ids) => sibling.lookup(ids, patience),
  }
}

export function resultRoutes({ queue, siblings }: Deps) {
  return routes()
    .openapi(pullCompleted, async (c) => {
      const { top } = c.req.valid('query')
      const asked = siblings.list()
      const missing: string[] = []
      const onMissing = (source: number) => missing.push(asked[source - 1]?.id ?? 'this node')
      const results: Result[] = []
      const sources = [sourceOf(queue), ...asked.map(({ client }) => patiently(client))]
      for await (const page of newestResults(sources, { top, onMissing })) results.push(...page)
      const ids = results.map(({ id }) => id)
      await queue.markPulled(ids)
      // A sibling that can't be told will say "never pulled" of a result that was: the safe side.
      await Promise.allSettled(asked.map(({ client }) => client.markPulled(ids, patience)))
      if (missing.length > 0) c.header('tm-unreachable', missing.join(', '))
      return c.json(results, 200)
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
