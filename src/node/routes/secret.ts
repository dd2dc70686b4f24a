/** Rotating the secret under which tokens are made: see core/keys.ts. */
import { z } from '@hono/zod-openapi'
import { rotationPhases } from '../../core/keys.ts'
import type { Deps } from '../app.ts'
import { guarded, routes } from './guard.ts'
import { json } from './schemas.ts'

const rotateSecret = guarded(['admin'], {
  method: 'put',
  path: '/v1/secret',
  summary: 'A step of giving the cluster another secret',
  request: {
    body: {
      required: true,
      ...json(
        z.object({
          next: z.string().regex(/^[0-9a-f]{64}$/, 'next: 32 bytes in hex'),
          phase: z.enum(rotationPhases),
        }),
        'The secret, and what to do with it',
      ),
    },
  },
  responses: {
    200: json(
      z.object({
        waitingFor: z.array(z.string()).describe('workers that have no new token yet'),
      }),
      'Done, also after a restart',
    ),
  },
})

export function secretRoutes({ secrets, workers }: Deps) {
  return routes().openapi(rotateSecret, async (c) => {
    const { under } = c.get('principal')
    await secrets.rotate({ ...c.req.valid('json'), askedUnder: under })
    return c.json({ waitingFor: secrets.waitingFor(workers.list().map(({ id }) => id)) }, 200)
  })
}
