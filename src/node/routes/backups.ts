/** A copy of all that this node has, and putting one back. */
import { z } from '@hono/zod-openapi'
import type { Deps } from '../app.ts'
import { partBytes } from '../backups.ts'
import { readBody } from './body.ts'
import { guarded, routes } from './guard.ts'
import { backupSchema, integerParam, json } from './schemas.ts'

const bytes = { 'application/octet-stream': { schema: z.string().openapi({ format: 'binary' }) } }
const from = integerParam('from', { min: 0, max: Number.MAX_SAFE_INTEGER })
const id = z.object({ id: z.uuid().openapi({ param: { name: 'id', in: 'path' } }) })

const make = guarded(['admin'], {
  method: 'post',
  path: '/v1/backups',
  summary: 'Makes a consistent copy of the data of this node, while it works',
  responses: {
    201: json(
      backupSchema.extend({ size: z.int() }),
      'There it is, for ten minutes, with its size',
    ),
  },
})

const fetchPart = guarded(['admin'], {
  method: 'get',
  path: '/v1/backups/{id}',
  summary: 'A part of a backup, from this byte on; empty at its end',
  request: { params: id, query: z.object({ from }) },
  responses: { 200: { description: 'Up to 4 MiB', content: bytes } },
})

const remove = guarded(['admin'], {
  method: 'delete',
  path: '/v1/backups/{id}',
  summary: 'This backup was fetched, or is not wanted any more',
  request: { params: id },
  responses: { 200: json(z.object({}), 'It is gone') },
})

const write = guarded(['admin'], {
  method: 'put',
  path: '/v1/restore',
  summary: 'A part of a backup that shall be the data of this node, which has none yet',
  request: { query: z.object({ from }), body: { required: true, content: bytes } },
  responses: { 200: json(z.object({}), 'It is written') },
})

const finish = guarded(['admin'], {
  method: 'post',
  path: '/v1/restore',
  summary: 'All parts are there: the node starts again with it',
  responses: {
    202: json(backupSchema, 'It is whole; `restored` in /v1/state says when it is done'),
  },
})

export function backupRoutes({ backups, restore }: Deps) {
  return routes()
    .openapi(make, async (c) => c.json(await backups.make(), 201))
    .openapi(fetchPart, async (c) => {
      const part = await backups.read(c.req.valid('param').id, c.req.valid('query').from)
      return c.body(part, 200, { 'content-type': 'application/octet-stream' })
    })
    .openapi(remove, (c) => {
      backups.remove(c.req.valid('param').id)
      return c.json({}, 200)
    })
    .openapi(write, async (c) => {
      await restore.write(c.req.valid('query').from, await readBody(c, partBytes))
      return c.json({}, 200)
    })
    .openapi(finish, async (c) => c.json(await restore.finish(), 202))
}
