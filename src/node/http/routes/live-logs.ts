/** What running commands write, from their workers to those who look. */
import * as contract from '../../../api/contract/live-logs.ts'
import { TmError } from '../../../core/errors.ts'
import { guarded, routeSet } from '../guard.ts'
import type { NodeContext } from '../node-context.ts'

export function liveLogRoutes({ queue, workers, liveLogs }: NodeContext) {
  return routeSet()
    .openapi(guarded(contract.readTaskLog), async (c) => {
      const { id } = c.req.valid('param')
      const { state, attempts: attempt, worker } = await queue.get(id)
      if (state === 'running' && worker !== undefined) liveLogs.watch(id, attempt, worker)
      // After the state: what came before its end is among the pieces.
      const log = liveLogs.read(id, c.req.valid('query').after)
      return c.json({ state, attempt, ...(worker === undefined ? {} : { worker }), ...log }, 200)
    })
    .openapi(guarded(contract.watchedLeases), async (c) => {
      const { subject } = c.get('principal')
      workers.heard(subject)
      const { wait } = c.req.valid('json')
      const watched = await liveLogs.watchedOf(subject, wait, c.req.raw.signal)
      return c.json({ watched }, 200)
    })
    .openapi(guarded(contract.writeTaskLog), async (c) => {
      const { id, attempt } = c.req.valid('param')
      const { subject } = c.get('principal')
      const task = await queue.get(id)
      if (task.worker !== subject || task.attempts !== attempt) {
        throw new TmError('forbidden', `Another worker has task ${id}`)
      }
      liveLogs.add(id, attempt, c.req.valid('json').pieces)
      return c.json({}, 200)
    })
}
