/**
 * A machine that this node launched joins as a worker: it gets its token, once, and the program. It
 * proves its identity by its source address, which no other machine in the network can use (VPC User
 * Guide: source and destination checks).
 */
import { readFile } from 'node:fs/promises'
import { getConnInfo } from '@hono/node-server/conninfo'
import * as contract from '../../../api/contract/workers.ts'
import { TmError } from '../../../core/errors.ts'
import type { Admission } from '../../admission.ts'
import { limitBody } from '../body.ts'
import { guarded, routeSet } from '../guard.ts'
import type { NodeContext } from '../node-context.ts'

const refusals: Record<Exclude<Admission, 'admitted'>, TmError> = {
  unknown: new TmError('forbidden', 'This node expects no such worker'),
  early: new TmError('unavailable', 'The address of this worker is not known yet; try again'),
  elsewhere: new TmError('forbidden', 'This worker has another address'),
  taken: new TmError('forbidden', 'This worker has already joined'),
}

/** Small, because the caller is not authenticated yet. */
const maxRequestBytes = 4096

export function joinRoutes({ workers, secrets, program: file }: NodeContext) {
  const limited = routeSet()
  limited.use('/v1/join', limitBody(maxRequestBytes))
  return limited
    .openapi(guarded(contract.joinWorker), async (c) => {
      if (!file) throw new TmError('forbidden', 'This node gives its workers their token at launch')
      const { id, key } = c.req.valid('json')
      const address = getConnInfo(c).remote.address?.replace(/^::ffff:/, '') ?? ''
      const admission = await workers.admit(id, { address, key })
      if (admission !== 'admitted') throw refusals[admission]
      return c.json({ token: secrets.workerToken(id) }, 200)
    })
    .openapi(guarded(contract.getProgram), async (c) => {
      if (!file)
        throw new TmError(
          'not_found',
          'This node has no program: its workers are installed with tm',
        )
      return c.body(await readFile(file), 200, { 'content-type': 'application/gzip' })
    })
}
