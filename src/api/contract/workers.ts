/** Workers join, send heartbeats, and leave. */
import { z } from '@hono/zod-openapi'
import { isolations } from '../../core/isolation.ts'
import { setupLines } from '../../core/setup.ts'
import { newLines } from './logs.ts'
import { binary, done, json, jsonBody, operation } from './operation.ts'
import { machineId, resourcesSchema, settingsSchema, siblingSchema } from './schemas.ts'
import { setupSchema, termsSchema } from './terms.ts'

export const joinWorker = operation('joinWorker', {
  summary: 'Get the token of a worker that this node has launched',
  description: 'Once per worker, and only from the address of its machine.',
  request: {
    body: jsonBody(
      z.object({
        id: machineId,
        key: z.string().min(32).max(128).describe('chosen by the machine; the same for every try'),
      }),
      'The worker',
    ),
  },
  responses: { 200: json(z.object({ token: z.string() }), 'The token of this worker') },
})

export const getProgram = operation('getProgram', {
  summary: 'Download the program that workers run',
  description: 'The worker checks its hash before it runs it.',
  responses: {
    200: { description: 'One JavaScript file, gzipped', content: { 'application/gzip': binary } },
  },
})

const setupHash = z.string().regex(/^[0-9a-f]{64}$/)

export const getSetup = operation('getSetup', {
  summary: 'Get the setup of the machines of workers',
  description: 'What a worker does once, before its first task.',
  responses: {
    200: json(
      z.object({ setup: setupSchema.optional().describe('none is needed if it is missing') }),
      'The setup in force',
    ),
  },
})

const setupState = z.object({
  hash: setupHash
    .optional()
    .describe('which setup it is; undefined while not known, or if it needs none'),
  running: z
    .object({ beganAt: z.number(), line: z.string().max(2000).describe('the last that it wrote') })
    .optional()
    .describe('only while the setup runs: the worker takes no tasks meanwhile'),
})

/** The state of a worker. */
export const heartbeatSchema = z.object({
  slots: z.int().min(1).max(1024),
  running: z.int().min(0).max(Number.MAX_SAFE_INTEGER),
  draining: z.boolean(),
  capacity: resourcesSchema.optional().describe('what it has for tasks of jobs'),
  rate: z
    .number()
    .positive()
    .optional()
    .describe('cost of tasks without a job that a slot does in a millisecond, once it is known'),
  ownUsers: z.boolean().optional().describe('each command runs as a user of its own'),
  isolation: z
    .enum(isolations)
    .optional()
    .describe('what ends all that a command starts; control groups also hold it to its memory'),
  setup: setupState.optional().describe('of its machine'),
  pid: z
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .optional(),
  log: newLines,
})

export const heartbeat = operation('heartbeat', {
  summary: 'Join as a worker, or send a heartbeat',
  request: {
    params: z.object({ id: machineId }),
    body: jsonBody(heartbeatSchema, 'The state of the worker'),
  },
  responses: {
    200: json(
      z.object({
        settings: settingsSchema,
        siblings: z.array(siblingSchema),
        token: z.string().optional().describe('replaces the token of the worker from now on'),
        borrowed: z.boolean().describe('the worker uses a place that a sibling has lent'),
      }),
      'The settings in force, and the siblings, which may have tasks too',
    ),
  },
})

export const workerDown = operation('workerDown', {
  summary: 'Report that a worker stops',
  description: 'Its place is free at once; its machine is terminated.',
  request: {
    params: z.object({ instance_id: machineId }),
    body: json(
      z
        .object({
          id: machineId,
          log: newLines,
          failedSetup: z
            .object({
              hash: setupHash,
              why: z.string().max(2000),
              lines: z.array(z.string().max(2000)).max(setupLines),
            })
            .describe('it stops because its setup failed'),
        })
        .partial(),
      'The id of the worker again, its last lines, and why its setup failed (all optional)',
    ),
  },
  responses: done('The worker is removed'),
})

export const configure = operation('configure', {
  summary: 'Change the machines of future workers',
  request: {
    body: jsonBody(termsSchema, 'The new terms'),
  },
  responses: done('The terms are saved'),
})
