/** What the node knows of itself and its cluster, and how it is told to change. */
import { z } from '@hono/zod-openapi'
import { settingNames } from '../../core/settings.ts'
import type { Deps } from '../app.ts'
import { describeNode } from '../state.ts'
import { guarded, routes } from './guard.ts'
import { backupSchema, json, settingsSchema, siblingSchema } from './schemas.ts'

const stateSchema = z
  .object({
    id: z.string(),
    cluster: z.string(),
    version: z.string(),
    startedAt: z.number(),
    healthy: z.boolean(),
    problems: z.array(z.string()),
    paused: z.boolean(),
    queue: z.object({
      queued: z.int(),
      running: z.int(),
      succeeded: z.int(),
      failed: z.int(),
      cancelled: z.int(),
      backlog: z.int(),
      unpulled: z.int(),
      oldestWaitSeconds: z.number(),
    }),
    workers: z.array(
      z.object({
        id: z.string(),
        state: z.enum(['starting', 'idle', 'busy', 'draining', 'lost']),
        slots: z.int(),
        running: z.int(),
        pid: z.int().optional(),
        launchedAt: z.number(),
      }),
    ),
    limit: z.object({ own: z.int(), borrowed: z.int(), lent: z.int() }),
    loans: z.array(
      z.object({
        id: z.string(),
        kind: z.enum(['lent', 'borrowed']),
        peer: z.string(),
        expiresIn: z.number(),
      }),
    ),
    scaling: z.object({
      decision: z.enum(['none', 'launch', 'borrow', 'drain']),
      rule: z.int(),
      reason: z.string(),
    }),
    siblings: z.array(siblingSchema),
    restored: backupSchema.optional().describe('the backup that this node has begun with'),
  })
  .openapi('NodeState')

const state = guarded(['admin', 'node'], {
  method: 'get',
  path: '/v1/state',
  summary: 'Queue, workers, limit, loans, and why this node is or is not scaling',
  responses: { 200: json(stateSchema, 'The state of this node') },
})

const readSettings = guarded(['admin', 'node'], {
  method: 'get',
  path: '/v1/settings',
  summary: 'The settings in force; durations in milliseconds, sizes in bytes',
  responses: { 200: json(settingsSchema, 'The settings') },
})

const changeSettings = guarded(['admin'], {
  method: 'patch',
  path: '/v1/settings',
  summary: 'Changes some settings; they hold at once and after a restart',
  request: { body: { required: true, ...json(settingsSchema.partial(), 'The changed ones') } },
  responses: { 200: json(settingsSchema, 'The settings') },
})

const setSiblings = guarded(['admin'], {
  method: 'put',
  path: '/v1/siblings',
  summary: 'Tells the node who the other nodes of its cluster are',
  request: {
    body: {
      required: true,
      ...json(z.object({ siblings: z.array(siblingSchema).max(100) }), 'All of them'),
    },
  },
  responses: { 200: json(z.object({}), 'Known, also after a restart') },
})

const drain = guarded(['admin'], {
  method: 'post',
  path: '/v1/drain',
  summary: 'Takes no more tasks, gives no more leases, launches no more workers until it restarts',
  responses: { 200: json(z.object({}), 'It is draining') },
})

export function clusterRoutes(deps: Deps) {
  const { settings, siblings, queue } = deps
  return routes()
    .openapi(state, async (c) => c.json(await describeNode(deps), 200))
    .openapi(readSettings, (c) => c.json(settings.get(), 200))
    .openapi(changeSettings, async (c) => {
      const given = c.req.valid('json')
      const changes = settingNames.filter((name) => given[name] !== undefined)
      const picked = Object.fromEntries(changes.map((name) => [name, given[name]]))
      return c.json(await settings.change(picked), 200)
    })
    .openapi(setSiblings, async (c) => {
      await siblings.set(c.req.valid('json').siblings)
      return c.json({}, 200)
    })
    .openapi(drain, (c) => {
      queue.pause()
      return c.json({}, 200)
    })
}
