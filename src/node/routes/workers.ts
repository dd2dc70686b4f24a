/** Workers that join, are still there, and leave. */
import { z } from '@hono/zod-openapi'
import { TmError } from '../../core/errors.ts'
import type { Principal } from '../../core/tokens.ts'
import type { Deps } from '../app.ts'
import { guarded, routes } from './guard.ts'
import { json, machineId, settingsSchema, siblingSchema } from './schemas.ts'

const heartbeat = guarded(['worker'], {
  method: 'put',
  path: '/v1/workers/{id}',
  summary: 'A worker joins, or says that it is still there; learns what it has to know',
  request: {
    params: z.object({ id: machineId }),
    body: {
      required: true,
      ...json(
        z.object({
          slots: z.int().min(1).max(1024),
          running: z.int().min(0),
          draining: z.boolean(),
          pid: z.int().optional(),
        }),
        'What it says of itself',
      ),
    },
  },
  responses: {
    200: json(
      z.object({
        settings: settingsSchema,
        siblings: z.array(siblingSchema),
        token: z.string().optional().describe('from now on its own is outdated: it uses this one'),
        borrowed: z.boolean().describe('its place is lent by a sibling, which will want it back'),
      }),
      'The settings, and where else to find tasks',
    ),
  },
})

const workerDown = guarded(['worker', 'admin'], {
  method: 'post',
  path: '/worker_down/{instance_id}',
  summary: 'This worker is going: its place is free, its machine is removed',
  request: {
    params: z.object({ instance_id: machineId }),
    body: { ...json(z.object({ id: machineId }).partial(), "The worker's id, once more") },
  },
  responses: { 200: json(z.object({}), 'It is gone') },
})

const provision = guarded(['admin'], {
  method: 'put',
  path: '/v1/provision',
  summary: 'What the next workers are made of and when all of it ends, where there is a choice',
  request: {
    body: {
      required: true,
      ...json(z.record(z.string(), z.unknown()), 'As the provider of this node knows it'),
    },
  },
  responses: { 200: json(z.object({}), 'Known, also after a restart') },
})

export function workerRoutes(deps: Deps) {
  const { workers, settings, siblings, loans, secrets, provision: change } = deps
  return routes()
    .openapi(provision, async (c) => {
      if (!change) throw new TmError('not_found', 'There is no choice of machines here')
      await change(c.req.valid('json'))
      return c.json({}, 200)
    })
    .openapi(heartbeat, (c) => {
      const { id } = c.req.valid('param')
      const principal = c.get('principal')
      onlyItself(principal, id)
      workers.heartbeat(id, c.req.valid('json'))
      const { own, lent } = loans.limit()
      const borrowed = workers.isBeyond(id, own - lent)
      const token = secrets.isOutdated(principal) ? { token: secrets.workerToken(id) } : {}
      const known = { settings: settings.get(), siblings: siblings.known(), borrowed }
      return c.json({ ...known, ...token }, 200)
    })
    .openapi(workerDown, (c) => {
      const { instance_id: id } = c.req.valid('param')
      const said = c.req.valid('json').id
      if (said !== undefined && said !== id) {
        throw new TmError('invalid', `The path says worker ${id}, the body says ${said}`)
      }
      onlyItself(c.get('principal'), id)
      if (!workers.isKnown(id)) throw new TmError('not_found', `No worker ${id} on this node`)
      workers.down(id)
      return c.json({}, 200)
    })
}

function onlyItself({ role, subject }: Principal, id: string): void {
  if (role === 'worker' && subject !== id) {
    throw new TmError('forbidden', `The token of worker ${subject} does not speak for ${id}`)
  }
}
