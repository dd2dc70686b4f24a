/** Workers claim, renew and release leases, and report outcomes. */
import { z } from '@hono/zod-openapi'
import { lastLineBytes } from '../../kinds/command/ending.ts'
import { framesType } from '../frames.ts'
import { resultsType } from '../reports.ts'
import { failedAttemptFields } from './attempts.ts'
import { binary, json, jsonBody, operation } from './operation.ts'
import { integerParam, resourcesSchema, taskId, wholeNumber } from './schemas.ts'

/** The attempt that a report is about. Only the worker that holds its lease may report on it. */
export const attemptSchema = z.object({
  id: taskId,
  attempt: z
    .int()
    .min(1)
    .max(2 ** 32 - 1),
})

/**
 * The node's answer to a report. `done`: it counts (idempotent). `lost`: a newer attempt, a
 * cancellation or an earlier report came first; nothing changed. `foreign`: another worker holds this
 * lease; nothing changed.
 */
export const verdictSchema = z.enum(['done', 'lost', 'foreign'])

const verdicts = z.object({ verdicts: z.array(verdictSchema) }).openapi('Verdicts')

// Not extended: the document would then ask for one cpu, too.
const roomSchema = z.object({ ...resourcesSchema.shape, cpus: z.int().min(0).max(10_000) })

export const claimSchema = z.object({
  max: z.int().min(1).max(10_000).describe('the maximum number of leases'),
  maxWork: z
    .int()
    .min(0)
    .max(Number.MAX_SAFE_INTEGER)
    .describe('no more leases once their cost reaches this; with 0 only tasks of jobs'),
  room: z
    .object({
      free: roomSchema,
      total: roomSchema,
      batch: z.int().min(1).max(10_000).describe('tasks of one cpu to lease, if more than fit'),
    })
    .optional()
    .describe(
      'what the worker has for tasks of jobs; a cpu for one task if absent, none of them with 0 cpus',
    ),
  wait: z.int().min(0).max(60_000).describe('milliseconds to wait for a task'),
})

export const claimLeases = operation('claimLeases', {
  summary: 'Claim leases on tasks',
  request: { body: jsonBody(claimSchema, 'How much the worker can take') },
  responses: {
    200: {
      description:
        'Frames; the header of each is `{id, attempt, cost, kind, spec}`, with `{job, failures, needs}` for a task of a job; its body is the bytes of the task. A header without `kind` and `spec` has those of the frame before. None if no task came in time',
      content: { [framesType]: binary },
    },
  },
})

const settled = {
  200: json(verdicts, 'A verdict for each'),
  403: json(verdicts, 'Another worker holds all of these leases; nothing changed'),
  409: json(verdicts, 'All reports are too late; nothing changed'),
}

/** The number of a part, from 0. */
export const outputPart = integerParam('part', { min: 0, max: 1_000_000 })

const leases = jsonBody(z.object({ leases: many(attemptSchema) }), 'The leases')

const renewal = attemptSchema.extend({
  beganAt: wholeNumber
    .optional()
    .describe('when the command of the task began: milliseconds since the Unix epoch'),
  line: z.string().max(lastLineBytes).optional().describe('the last line that it has written'),
})

export const renewLeases = operation('renewLeases', {
  summary: 'Renew leases',
  description: 'Of commands that run, it says how far they are.',
  request: { body: jsonBody(z.object({ leases: many(renewal) }), 'The leases') },
  responses: settled,
})

export const completeLeases = operation('completeLeases', {
  summary: 'Report successful attempts',
  description:
    'Records: 16 bytes id, 4 bytes attempt, 4 bytes length of the result (both big-endian), the result. If the highest bit of the length is set, the outputs of the task follow, up to 1 MiB: 4 bytes length, and the bytes.',
  request: { body: { required: true, content: { [resultsType]: binary } } },
  responses: settled,
})

export const failureReportSchema = attemptSchema.extend({
  error: z.string(),
  final: z.boolean().optional().describe('the task fails, whatever attempts it has left'),
  lost: z
    .boolean()
    .optional()
    .describe('the worker was at fault, not the command of a job: no failure is counted'),
  memory: z
    .int()
    .min(1)
    .max(Number.MAX_SAFE_INTEGER)
    .optional()
    .describe(
      'bytes: the command ran out of memory, and the task gets so much from now on; no failure is counted',
    ),
  ...failedAttemptFields,
})

export const failLeases = operation('failLeases', {
  summary: 'Report failed attempts',
  description: 'Each task is retried later, or fails after its last attempt.',
  request: {
    body: jsonBody(
      z.object({
        reports: many(failureReportSchema),
      }),
      'The attempts and their errors',
    ),
  },
  responses: settled,
})

export const writeOutput = operation('writeOutput', {
  summary: 'Store a part of the outputs of a running attempt',
  description:
    'The outputs of a task are one sequence of bytes, in parts of 1 MiB. They become visible when the attempt is reported as successful.',
  request: {
    params: z.object({
      id: taskId,
      attempt: integerParam('attempt', { min: 1, max: 1_000_000 }),
      part: outputPart,
    }),
    body: { required: true, content: { 'application/octet-stream': binary } },
  },
  responses: settled,
})

export const releaseLeases = operation('releaseLeases', {
  summary: 'Release leases',
  description: 'The tasks are queued again at once; the attempts do not count as failures.',
  request: { body: leases },
  responses: settled,
})

function many<T extends z.ZodType>(item: T) {
  return z.array(item).min(1).max(10_000)
}
