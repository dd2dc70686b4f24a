/** Workers join, send heartbeats, and leave. */
import * as contract from '../../../api/contract/workers.ts'
import { TmError } from '../../../core/errors.ts'
import type { Principal } from '../../../core/tokens.ts'
import { guarded, routeSet } from '../guard.ts'
import type { NodeContext } from '../node-context.ts'

export function workerRoutes(context: NodeContext) {
  const {
    workers,
    setups,
    outlooks,
    settings,
    siblings,
    loans,
    secrets,
    logs,
    configure: change,
  } = context
  return routeSet()
    .openapi(guarded(contract.configure), async (c) => {
      if (!change)
        throw new TmError(
          'not_found',
          'This node runs local workers: there are no machines to choose',
        )
      await change(c.req.valid('json'))
      await workers.tryAgain()
      return c.json({}, 200)
    })
    .openapi(guarded(contract.getSetup), (c) => {
      const setup = setups.current()
      return c.json(setup ? { setup } : {}, 200)
    })
    .openapi(guarded(contract.heartbeat), (c) => {
      const { id } = c.req.valid('param')
      const principal = c.get('principal')
      onlyItself(principal, id)
      const { log = [], ...state } = c.req.valid('json')
      workers.heartbeat(id, state)
      logs.add(id, log)
      const { own, lent } = loans.limit()
      const borrowed = workers.isOverLimit(id, own - lent)
      const token = secrets.isOutdated(principal) ? { token: secrets.workerToken(id) } : {}
      const idleTimeout = outlooks.idleTimeout(workers.ranMs(id))
      const inForce = { ...settings.get(), idleTimeout }
      const known = { settings: inForce, siblings: siblings.known(), borrowed }
      return c.json({ ...known, ...token }, 200)
    })
    .openapi(guarded(contract.workerDown), async (c) => {
      const { instance_id: id } = c.req.valid('param')
      const { id: said, log = [], failedSetup } = c.req.valid('json')
      if (said !== undefined && said !== id) {
        throw new TmError('invalid', `The path says worker ${id}, the body says ${said}`)
      }
      onlyItself(c.get('principal'), id)
      // Also of a worker that this node has ended itself.
      logs.add(id, log)
      if (!workers.isKnown(id)) throw new TmError('not_found', `No worker ${id} on this node`)
      if (failedSetup) await workers.setupFailed(id, failedSetup.hash, failedSetup)
      workers.down(id)
      return c.json({}, 200)
    })
}

function onlyItself({ role, subject }: Principal, id: string): void {
  if (role === 'worker' && subject !== id) {
    throw new TmError('forbidden', `The token of worker ${subject} is not valid for worker ${id}`)
  }
}
