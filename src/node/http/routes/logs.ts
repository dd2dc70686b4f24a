/** Returns the last lines of the logs of this node and its workers. */
import * as contract from '../../../api/contract/logs.ts'
import { TmError } from '../../../core/errors.ts'
import { guarded, routeSet } from '../guard.ts'
import type { NodeContext } from '../node-context.ts'

export function logRoutes({ info, logs, workers }: NodeContext) {
  return routeSet().openapi(guarded(contract.readLog), (c) => {
    const { id } = c.req.valid('param')
    const { lines: count, after } = c.req.valid('query')
    const part = logs.read(id, { count, after })
    const isMine = id === info.id || workers.isKnown(id)
    if (!part && !isMine) throw new TmError('not_found', `No log of ${id} on this node`)
    return c.json({ ...(part ?? { lines: [], next: 0 }), ended: !isMine }, 200)
  })
}
