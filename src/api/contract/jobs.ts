/** Jobs: many tasks with one command. */
import { z } from '@hono/zod-openapi'
import { taskStates } from '../../core/task.ts'
import { failureReasons } from '../../kinds/command/job.ts'
import { framesType } from '../frames.ts'
import { endingFields } from './attempts.ts'
import { binary, done, json, jsonBody, operation } from './operation.ts'
import { integerParam, resourcesSchema, taskId, taskIdParam } from './schemas.ts'
import { sharedFiles } from './shared.ts'

const template = z
  .array(z.union([z.string(), z.object({ value: z.string() })]))
  .describe('text, with `{value: NAME}` where a value of the task is filled in')

const variableName = /^[A-Za-z_][A-Za-z0-9_]*$/

const count = z.int().min(0).max(Number.MAX_SAFE_INTEGER)

export const jobSchema = z
  .object({
    number: count.describe('small, for people'),
    name: z.string().max(200),
    line: z.string().max(100_000).default('').describe('the command as it was typed'),
    tasks: count.default(0).describe('how many tasks the job has, on all nodes'),
    taken: z
      .array(z.object({ job: taskId, tasks: count }))
      .max(1000)
      .optional()
      .describe('how many of them are tasks of earlier jobs, which are not sent again'),
    canary: z
      .boolean()
      .optional()
      .describe('until a task has succeeded, one worker of a node at a time runs it'),
    failFast: count.min(1).optional().describe('so many failed tasks pause the job'),
    printsStdout: z
      .boolean()
      .default(false)
      .describe('its only output is stdout, which is for a terminal'),
    job: z.object({
      run: z
        .union([
          z.strictObject({ script: z.string().max(100_000) }),
          z.strictObject({ argv: z.array(template).min(1).max(1000) }),
        ])
        .describe('a script for `sh -c`, or a program and its arguments'),
      input: z
        .enum(['file', 'files', 'stdin', 'none'])
        .default('none')
        .describe(
          'where the bytes of the task go: to a file named by its value `name`, to stdin, or to several files, for which they are frames with the header `{name}`',
        ),
      env: z
        .record(z.string().regex(variableName), z.string())
        .default({})
        // The schema library leaves the pattern of the names out of the document.
        .openapi({ propertyNames: { pattern: variableName.source } } as object),
      shared: sharedFiles.optional(),
      outputs: z
        .array(z.object({ name: template, optional: z.boolean().optional() }))
        .max(100)
        .default([])
        .describe('the files that a task leaves: names, folders with `/` at the end, or globs'),
      stdout: template.optional().describe('keep stdout as an output of this name'),
      stderr: template.optional().describe('keep stderr as an output of this name'),
      maxStdout: count
        .min(1)
        .optional()
        .describe(
          'the most bytes of stdout to keep, from its beginning and its end; all if absent',
        ),
      okExit: z.array(count.max(255)).default([0]).describe('the exit codes that mean success'),
      retries: count
        .max(100)
        .default(0)
        .describe('how often to run a task again whose command failed'),
      retryOn: z
        .array(z.union([count.max(255), z.enum(failureReasons)]))
        .optional()
        .describe('the failures that are retried; all if absent'),
      needs: resourcesSchema
        .optional()
        .describe('what each task needs of its worker; one cpu if absent'),
      memoryUpTo: count
        .min(1)
        .optional()
        .describe(
          'bytes: a task that runs out of memory runs again with twice as much, up to this',
        ),
      timeout: count.min(1).optional().describe('milliseconds'),
      grace: count.default(10_000).describe('milliseconds between SIGTERM and SIGKILL'),
      maxOutput: count
        .default(1024 ** 3)
        .describe('the most bytes that the outputs of a task may have'),
    }),
  })
  .openapi('JobDefinition')

export const countsSchema = z.object(
  Object.fromEntries(taskStates.map((state) => [state, z.int()])) as Record<
    (typeof taskStates)[number],
    z.ZodInt
  >,
)

export const jobStateSchema = z
  .object({
    id: taskId,
    createdAt: z.number().describe('milliseconds since the Unix epoch'),
    definition: jobSchema,
    paused: z.string().optional().describe('why none of its queued tasks runs'),
    isBeingTried: z
      .boolean()
      .optional()
      .describe('one worker at a time runs it, since no task has succeeded yet'),
    counts: countsSchema.describe('the tasks of the job on this node, by state'),
  })
  .openapi('Job')

/** The fields that tasks and results of commands have in addition. */
export const jobFields = {
  job: taskId.optional().describe('the job of the task'),
  n: z.int().optional().describe('the number of the task in its job'),
  values: z.record(z.string(), z.string()).optional().describe('the values of the task'),
  ...endingFields,
  outputs: z
    .array(
      z.object({
        name: z.string(),
        size: z.int(),
        sha256: z.string(),
        mode: z.int().describe('the permissions'),
      }),
    )
    .optional()
    .describe('its files, whose bytes lie one after the other in `/v1/tasks/{id}/outputs`'),
  leftOut: z
    .int()
    .optional()
    .describe('bytes in the middle of stdout that were not kept, since it was over `maxStdout`'),
  leftBehind: z.int().optional().describe('processes that outlived the command and were killed'),
}

export const putJob = operation('putJob', {
  summary: 'Store a job, before its tasks',
  description: 'The same job again changes nothing. The client chooses the id (UUIDv7).',
  request: { params: taskIdParam, body: jsonBody(jobSchema, 'The job') },
  responses: { 200: json(z.object({ id: taskId }), 'The job is on disk') },
})

export const listJobs = operation('listJobs', {
  summary: 'List the jobs of this node, newest first',
  responses: { 200: json(z.object({ jobs: z.array(jobStateSchema) }), 'The jobs') },
})

export const getJob = operation('getJob', {
  summary: 'Show a job',
  request: { params: taskIdParam },
  responses: { 200: json(jobStateSchema, 'The job, and its tasks on this node by state') },
})

const changed = json(z.object({ tasks: z.int() }), 'How many tasks changed')

export const cancelJob = operation('cancelJob', {
  summary: 'Cancel all tasks of a job that are queued or running',
  request: { params: taskIdParam },
  responses: { 200: changed },
})

export const retryJob = operation('retryJob', {
  summary: 'Queue all failed tasks of a job again. A paused job goes on',
  request: { params: taskIdParam },
  responses: {
    200: json(
      z.object({ tasks: z.int(), resumed: z.boolean().describe('it was paused') }),
      'How many tasks changed',
    ),
  },
})

export const pauseJob = operation('pauseJob', {
  summary: 'Lease no more tasks of a job. Those that run go on',
  request: {
    params: taskIdParam,
    body: jsonBody(z.object({ reason: z.string().min(1).max(1000) }), 'Why, for people'),
  },
  responses: done('It is paused'),
})

export const readSmallOutputs = operation('readSmallOutputs', {
  summary: 'Read the outputs of many succeeded tasks',
  description:
    'Frames with the header `{id}`, whose body is the first part of the outputs, which is all of them up to 1 MiB. Tasks without outputs are left out, and so is what would make the answer larger than 16 MiB.',
  request: {
    body: jsonBody(z.object({ ids: z.array(taskId).min(1).max(1000) }), 'The tasks'),
  },
  responses: { 200: { description: 'The outputs', content: { [framesType]: binary } } },
})

export const readOutput = operation('readOutput', {
  summary: 'Read a part of the outputs of a succeeded task',
  description:
    'The outputs are one sequence of bytes, in parts of 1 MiB. `outputs` of the task says where each file begins and ends.',
  request: {
    params: taskIdParam.extend({ part: integerParam('part', { min: 0, max: 1_000_000 }) }),
  },
  responses: {
    200: {
      description: 'The part',
      content: {
        'application/octet-stream': binary,
      },
    },
  },
})
