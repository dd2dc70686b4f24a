/** Schemas that several operations share: numbers in a query, ids, errors. */
import { z } from '@hono/zod-openapi'
import { describeRange, parseInteger, type Range } from '../../core/integers.ts'
import { machineIdPattern, machineIdRule } from '../../core/machine-id.ts'
import { type SettingName, settingNames, settings } from '../../core/settings.ts'
import { taskIdPattern } from '../../core/task.ts'

/** A whole number in a query string. The error names the parameter and the allowed range. */
export function integerParam(name: string, range: Range, fallback?: number) {
  const wanted = `${name} must be ${describeRange(range)}`
  const text = z.string({ error: `${wanted}, but it is missing` })
  const given = fallback === undefined ? text : text.default(String(fallback))
  return given
    .transform((value, context) => {
      const parsed = parseInteger(value, range)
      if (parsed !== undefined) return parsed
      context.addIssue({ code: 'custom', message: `${wanted}, not "${value.slice(0, 40)}"` })
      return z.NEVER
    })
    .openapi({
      type: 'integer',
      minimum: range.min,
      maximum: range.max,
      ...(fallback === undefined ? {} : { default: fallback }),
      example: range.min,
    })
}

export const taskId = z
  .string()
  .regex(taskIdPattern, { error: 'a task id is a UUID in lower case' })
  .openapi({ format: 'uuid', example: '01997a5e-4b7e-7cc2-8f6a-0d3b5b6e9a10' })

export const taskIdParam = z.object({ id: taskId.openapi({ param: { name: 'id', in: 'path' } }) })

/** A whole number from 0. The document has to name the largest, too. */
export const wholeNumber = z.int().min(0).max(Number.MAX_SAFE_INTEGER)

export const taskIds = z.object({ ids: z.array(taskId).min(1).max(1000) })

/** Where the previous page ended. */
export const cursorParam = (fallback?: number, name = 'cursor') =>
  integerParam(name, { min: 0, max: Number.MAX_SAFE_INTEGER }, fallback).describe(
    '`next` of the previous page; omit it for the first page',
  )

export const machineId = z.string().regex(machineIdPattern, { error: machineIdRule })

const settingsShape = Object.fromEntries(
  settingNames.map((name) => {
    const { min, max, summary, wanted } = settings[name]
    const error = `${name} must be ${wanted}`
    return [name, z.int({ error }).min(min, { error }).max(max, { error }).describe(summary)]
  }),
) as unknown as Record<SettingName, z.ZodInt>

/** Durations in milliseconds, sizes in bytes, switches 1 or 0. */
export const settingsSchema = z.object(settingsShape).openapi('Settings')

const amount = z.int().min(0).max(Number.MAX_SAFE_INTEGER)

export const resourcesSchema = z
  .object({
    cpus: z.int().min(1).max(10_000),
    memory: amount.describe('bytes'),
    disk: amount.describe('bytes'),
    gpus: z.int().min(0).max(1000).optional().describe('none if absent'),
  })
  .openapi('Resources')

export const siblingSchema = z
  .object({
    id: machineId,
    url: z.url(),
    certificate: z
      .string()
      .max(10_000)
      .optional()
      .describe('PEM; the only certificate the node may have. Absent without TLS'),
  })
  .openapi('Sibling')

/** The description of a backup. */
export const backupSchema = z
  .object({
    id: z.uuid(),
    cluster: z.string(),
    node: z.string(),
    at: z.number().describe('when it was made: milliseconds since the Unix epoch'),
  })
  .openapi('Backup')

export const errorSchema = z
  .object({
    error: z.object({
      code: z.string(),
      message: z.string(),
      suggestions: z.array(z.string()).optional(),
    }),
  })
  .openapi('Error')
