/** The shapes that travel over HTTP, as schemas: for checking, for `/openapi.json`, for the client. */
import { z } from '@hono/zod-openapi'
import { describeRange, parseInteger, type Range } from '../../core/integers.ts'
import { type SettingName, settingNames, settings } from '../../core/settings.ts'
import { isTaskId, maxIterations, taskStates } from '../../core/task.ts'

/** A whole number in a query string. The error names the parameter and the allowed range. */
export function integerParam(name: string, range: Range, fallback?: number) {
  const wanted = `${name} must be ${describeRange(range)}`
  const text = z.string({ error: `${wanted}, it is missing` })
  const given = fallback === undefined ? text : text.default(String(fallback))
  return given
    .transform((value, context) => {
      const parsed = parseInteger(value, range)
      if (parsed !== undefined) return parsed
      context.addIssue({ code: 'custom', message: `${wanted}, not "${value.slice(0, 40)}"` })
      return z.NEVER
    })
    .openapi({ type: 'integer', minimum: range.min, maximum: range.max, example: range.min })
}

export const iterationsParam = () => integerParam('iterations', { min: 1, max: maxIterations })

const taskId = z
  .string()
  .refine(isTaskId, { error: 'a task id is a UUID in lower case' })
  .openapi({ format: 'uuid', example: '01997a5e-4b7e-7cc2-8f6a-0d3b5b6e9a10' })

export const idParam = z.object({ id: taskId.openapi({ param: { name: 'id', in: 'path' } }) })

/** Where a backup is from. */
export const backupSchema = z
  .object({ id: z.uuid(), cluster: z.string(), node: z.string(), at: z.number() })
  .openapi('Backup')

export const taskIds = z.object({ ids: z.array(taskId).min(1).max(1000) })

export const taskState = z.enum(taskStates)

export const taskSchema = z
  .object({
    id: taskId,
    state: taskState,
    iterations: z.int(),
    size: z.int(),
    attempts: z.int(),
    failures: z.int(),
    enqueuedAt: z.number(),
    runAt: z.number().optional(),
    startedAt: z.number().optional(),
    completedAt: z.number().optional(),
    worker: z.string().optional(),
    result: z.string().optional(),
    error: z.string().optional(),
  })
  .openapi('Task')

export const resultSchema = z
  .object({
    id: taskId,
    result: z.string(),
    iterations: z.int(),
    completedAt: z.number(),
    attempts: z.int(),
    took: z.number(),
  })
  .openapi('Result')

export const attemptSchema = z.object({ id: taskId, attempt: z.int().min(1) })

export const verdictsSchema = z
  .object({ verdicts: z.array(z.enum(['done', 'lost', 'foreign'])) })
  .openapi('Verdicts')

const settingsShape = Object.fromEntries(
  settingNames.map((name) => {
    const { min, max, summary, wanted } = settings[name]
    const error = `${name} must be ${wanted}`
    return [name, z.int({ error }).min(min, { error }).max(max, { error }).describe(summary)]
  }),
) as unknown as Record<SettingName, z.ZodInt>

/** Durations in milliseconds, sizes in bytes. */
export const settingsSchema = z.object(settingsShape).openapi('Settings')

/** Ids of nodes and workers: they stand in tokens, tags and paths. */
export const machineId = z
  .string()
  .regex(/^[A-Za-z0-9-]{1,128}$/, { error: 'an id has letters, digits and hyphens' })

export const siblingSchema = z.object({
  id: machineId,
  url: z.url(),
  certificate: z.string().max(10_000).optional().describe('PEM; where there is TLS'),
})

export const errorSchema = z
  .object({
    error: z.object({
      code: z.string(),
      message: z.string(),
      suggestions: z.array(z.string()).optional(),
    }),
  })
  .openapi('Error')

/** A body that is bytes, of whatever type. */
export const binary = { schema: z.any().openapi({ type: 'string', format: 'binary' }) }

export function json<S extends z.ZodType>(schema: S, description: string) {
  return { description, content: { 'application/json': { schema } } }
}
