/** Shows the state of a node, and changes its settings, siblings and secret. */
import { z } from '@hono/zod-openapi'
import { intakes } from '../../core/intake.ts'
import { isolations } from '../../core/isolation.ts'
import { rotationPhases } from '../../core/keys.ts'
import { done, json, jsonBody, operation } from './operation.ts'
import { backupSchema, settingsSchema, siblingSchema } from './schemas.ts'

export const workerViewSchema = z.object({
  id: z.string(),
  state: z.enum(['starting', 'preparing', 'idle', 'busy', 'draining', 'lost']),
  slots: z.int(),
  running: z.int().describe('tasks the worker holds'),
  pid: z.int().optional(),
  diskFull: z.literal(true).optional().describe('it takes no tasks of jobs meanwhile'),
  ownUsers: z.literal(true).optional().describe('each command runs as a user of its own'),
  isolation: z
    .enum(isolations)
    .optional()
    .describe('what ends all that a command starts; control groups also hold it to its memory'),
  preparing: z
    .object({ beganAt: z.number(), line: z.string() })
    .optional()
    .describe('its setup, while it runs: since when, and the last line that it wrote'),
  launchedAt: z.number(),
})

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
      backlog: z.int().describe('queued tasks that could run now'),
      unpulled: z.int().describe('results that have not been pulled'),
      oldestWaitSeconds: z.number().describe('how long the oldest task of the backlog has waited'),
    }),
    disk: z
      .object({
        free: z.number().describe('bytes, with what the files of the node use again'),
        size: z.number().describe('bytes'),
        intake: z.enum(intakes).describe('how it takes new tasks'),
      })
      .optional()
      .describe('the disk of the node, as it was looked at last'),
    workers: z.array(workerViewSchema),
    limit: z.object({ own: z.int(), borrowed: z.int(), lent: z.int() }),
    loans: z.array(
      z.object({
        id: z.string(),
        kind: z.enum(['lent', 'borrowed']),
        peer: z.string(),
        expiresIn: z.number().describe('milliseconds'),
      }),
    ),
    scaling: z.object({
      decision: z.enum(['none', 'launch', 'borrow', 'drain']),
      rule: z.int(),
      reason: z.string(),
    }),
    siblings: z.array(siblingSchema),
    failedSetup: z
      .object({
        worker: z.string(),
        at: z.number(),
        why: z.string(),
        lines: z.array(z.string()).describe('the last that it wrote'),
      })
      .optional()
      .describe('how the setup of a worker failed last, until it works again'),
    restored: backupSchema.optional().describe('the backup that this node was restored from'),
  })
  .openapi('NodeState')

export const getState = operation('getState', {
  summary: 'Show the state of this node',
  description: 'Queue, workers, limit, loans, and why the node scales or does not.',
  responses: { 200: json(stateSchema, 'The state of this node') },
})

export const getSettings = operation('getSettings', {
  summary: 'Show the settings in force',
  description: 'Durations are milliseconds, sizes are bytes.',
  responses: { 200: json(settingsSchema, 'The settings') },
})

export const changeSettings = operation('changeSettings', {
  summary: 'Change settings',
  description: 'They take effect at once and survive a restart.',
  request: { body: jsonBody(settingsSchema.partial(), 'The settings to change') },
  responses: { 200: json(settingsSchema, 'All settings') },
})

export const setSiblings = operation('setSiblings', {
  summary: 'Set the other nodes of the cluster',
  request: {
    body: jsonBody(z.object({ siblings: z.array(siblingSchema).max(100) }), 'All other nodes'),
  },
  responses: done('The siblings are saved'),
})

export const drain = operation('drain', {
  summary: 'Drain this node',
  description: 'It takes no tasks, gives no leases and launches no workers until it restarts.',
  responses: done('The node is draining'),
})

export const rotateSecret = operation('rotateSecret', {
  summary: "Take one step in the rotation of the cluster's secret",
  request: {
    body: jsonBody(
      z.object({
        next: z.string().regex(/^[0-9a-f]{64}$/, 'next: 32 bytes in hex'),
        phase: z.enum(rotationPhases),
      }),
      'The next secret and the step',
    ),
  },
  responses: {
    200: json(
      z.object({
        waitingFor: z.array(z.string()).describe('workers that have not used a new token yet'),
      }),
      'The step is done and on disk',
    ),
  },
})

const text = { 'text/plain': { schema: z.string() } }

export const getHealth = operation('getHealth', {
  summary: 'Check that this node answers',
  responses: { 200: { description: '`ok`', content: text } },
})

export const getMetrics = operation('getMetrics', {
  summary: 'Metrics for Prometheus',
  responses: { 200: { description: 'The Prometheus text format', content: text } },
})

export const getDocument = operation('getDocument', {
  summary: 'Describe this API as an OpenAPI 3.1 document',
  responses: { 200: json(z.record(z.string(), z.unknown()), 'The document') },
})
