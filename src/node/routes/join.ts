/**
 * How a machine that this node has launched becomes its worker: it gets its token, once, and the
 * program. It has nothing to show for itself but the address that it comes from, which nobody else in
 * the network can have (VPC User Guide: source and destination checks).
 */
import { readFile } from 'node:fs/promises'
import { getConnInfo } from '@hono/node-server/conninfo'
import { createRoute, z } from '@hono/zod-openapi'
import { TmError } from '../../core/errors.ts'
import type { Deps } from '../app.ts'
import type { Admission } from '../workers.ts'
import { limitBody } from './body.ts'
import { guarded, routes } from './guard.ts'
import { json, machineId } from './schemas.ts'

const join = createRoute({
  method: 'post',
  path: '/v1/join',
  summary: 'A machine that this node has launched gets the token of its worker, once',
  security: [],
  request: {
    body: {
      required: true,
      ...json(
        z.object({
          id: machineId,
          key: z.string().min(32).max(128).describe('its own choice; the same at every try'),
        }),
        'Which worker it is',
      ),
    },
  },
  responses: { 200: json(z.object({ token: z.string() }), 'The token of this worker') },
})

const program = guarded(['worker'], {
  method: 'get',
  path: '/v1/program',
  summary: 'The program that workers run; they check its hash',
  responses: {
    200: {
      description: 'One file of JavaScript, gzipped',
      content: { 'application/gzip': { schema: z.string().openapi({ format: 'binary' }) } },
    },
  },
})

const refusals: Record<Exclude<Admission, 'admitted'>, TmError> = {
  unknown: new TmError('forbidden', 'This node waits for no such worker'),
  early: new TmError('unavailable', 'It is not known yet where this worker is: try again'),
  elsewhere: new TmError('forbidden', 'This worker has another address'),
  taken: new TmError('forbidden', 'This worker has joined already'),
}

/** Bytes; whoever asks here has shown nothing yet. */
const maxRequest = 4096

export function joinRoutes({ workers, secrets, program: file }: Deps) {
  const limited = routes()
  limited.use('/v1/join', limitBody(maxRequest))
  return limited
    .openapi(join, (c) => {
      if (!file) throw new TmError('forbidden', 'Workers of this node are started with a token')
      const { id, key } = c.req.valid('json')
      const address = getConnInfo(c).remote.address?.replace(/^::ffff:/, '') ?? ''
      const admission = workers.admit(id, { address, key })
      if (admission !== 'admitted') throw refusals[admission]
      return c.json({ token: secrets.workerToken(id) }, 200)
    })
    .openapi(program, async (c) => {
      if (!file) throw new TmError('not_found', 'The workers of this node bring their own program')
      return c.body(await readFile(file), 200, { 'content-type': 'application/gzip' })
    })
}
