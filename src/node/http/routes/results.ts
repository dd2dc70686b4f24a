/** Returns results. Reading a result does not remove it. */
import type { Result } from '../../../api/client.ts'
import * as contract from '../../../api/contract/results.ts'
import {
  markPulled,
  newestResults,
  type ResultSource,
  resultsOf,
} from '../../../api/newest-results.ts'
import { guarded, routeSet } from '../guard.ts'
import type { NodeContext } from '../node-context.ts'
import { presentResult, presentTask } from '../present.ts'

/** The results of a sibling that does not answer in this time are left out. */
const siblingTimeoutMs = 5000

function ownResults({ queue, kinds }: Pick<NodeContext, 'queue' | 'kinds'>): ResultSource {
  return {
    async results(page) {
      const { results, next } = await queue.results(page)
      return { results: results.map((found) => presentResult(kinds, found)), next }
    },
    async lookup(ids) {
      const found = (await queue.lookup(ids)).filter((task) => task !== undefined)
      return found.map((task) => presentTask(kinds, task))
    },
  }
}

export function resultRoutes({ queue, siblings, kinds }: NodeContext) {
  const own = ownResults({ queue, kinds })
  return routeSet()
    .openapi(guarded(contract.pullCompleted), async (c) => {
      const { top } = c.req.valid('query')
      const asked = siblings.list()
      const missing: string[] = []
      const onMissing = (source: number) => missing.push(asked[source - 1]?.id ?? 'this node')
      const results: Result[] = []
      const options = { timeoutMs: siblingTimeoutMs }
      const sources = [own, ...asked.map(({ client }) => resultsOf(client, options))]
      for await (const page of newestResults(sources, { top, onMissing })) results.push(...page)
      const ids = results.map(({ id }) => id)
      await queue.markPulled(ids)
      // A sibling that can't be reached keeps its result as not pulled, which is safe.
      await Promise.allSettled(asked.map(({ client }) => markPulled(client, ids, options)))
      if (missing.length > 0) c.header('tm-unreachable', missing.join(', '))
      return c.json(results, 200)
    })
    .openapi(guarded(contract.listResults), async (c) => {
      const { limit, cursor } = c.req.valid('query')
      return c.json(await own.results(cursor === undefined ? { limit } : { limit, cursor }), 200)
    })
    .openapi(guarded(contract.markPulled), async (c) => {
      await queue.markPulled(c.req.valid('json').ids)
      return c.json({}, 200)
    })
}
