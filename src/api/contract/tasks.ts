/** Enqueues, shows, cancels and retries tasks. */
import { z } from '@hono/zod-openapi'
import { taskKeyPattern, taskStates } from '../../core/task.ts'
import { framesType } from '../frames.ts'
import { jobFields } from './jobs.ts'
import { binary, json, jsonBody, operation } from './operation.ts'
import { cursorParam, integerParam, taskId, taskIdParam, taskIds } from './schemas.ts'
import { sha512Fields } from './sha512.ts'

const taskState = z.enum(taskStates)

export const taskSchema = z
  .object({
    id: taskId,
    state: taskState,
    kind: z.string().describe('the kind of work'),
    ...sha512Fields,
    ...jobFields,
    size: z.int().describe('bytes in the body'),
    attempts: z.int().describe('attempts started'),
    failures: z.int().describe('attempts that failed or whose lease expired'),
    enqueuedAt: z.number().describe('milliseconds since the Unix epoch, like all times'),
    runAt: z.number().optional().describe('when a delayed retry runs'),
    startedAt: z.number().optional(),
    completedAt: z.number().optional(),
    worker: z.string().optional(),
    result: z.string().optional(),
    error: z.string().optional(),
  })
  .openapi('Task')

export const enqueuedSchema = z.object({
  tasks: z.array(z.object({ id: z.string(), outcome: z.enum(['created', 'known', 'conflict']) })),
  slow: z.string().optional().describe('why the node takes tasks slowly, if it does'),
})

export const enqueueTasks = operation('enqueueTasks', {
  summary: 'Enqueue many tasks',
  description: `A stream of frames. Each frame is the length of its header and the length of its body \
(both unsigned 32-bit integers, big-endian), the header \`{id, kind, spec, job?, key?}\` as JSON, and the bytes of the task. \
A header without \`kind\` is itself the spec of a task of the kind sha512. The key of a job's task (SHA-256 in hex) is equal for equal tasks.`,
  request: { body: { content: { [framesType]: binary } } },
  responses: {
    200: json(enqueuedSchema, 'All tasks are on disk, except conflicting ones'),
  },
})

export const getTask = operation('getTask', {
  summary: 'Show one task of this node',
  request: { params: taskIdParam },
  responses: { 200: json(taskSchema, 'The task') },
})

export const lookupTasks = operation('lookupTasks', {
  summary: 'Show many tasks of this node by id',
  request: { body: jsonBody(taskIds, 'Up to 1,000 ids') },
  responses: {
    200: json(z.object({ tasks: z.array(taskSchema) }), 'The tasks this node knows'),
  },
})

const keyedTask = taskSchema.extend({ key: z.string() }).openapi('KeyedTask')

export const lookupTasksByKey = operation('lookupTasksByKey', {
  summary: 'Find tasks of jobs by what they do',
  description:
    'For each key, the task of this node that is most done. Tasks that failed or were cancelled are left out.',
  request: {
    body: jsonBody(
      z.object({
        keys: z
          .array(z.string().regex(taskKeyPattern, { error: 'a key is a SHA-256 in hex' }))
          .min(1)
          .max(1000),
      }),
      'Up to 1,000 keys',
    ),
  },
  responses: { 200: json(z.object({ tasks: z.array(keyedTask) }), 'The tasks this node knows') },
})

export const listTasks = operation('listTasks', {
  summary: 'List the tasks of this node, oldest first',
  request: {
    query: z.object({
      state: taskState.optional().describe('only tasks in this state'),
      beginning: z
        .string()
        .regex(/^[0-9a-f-]{1,36}$/)
        .optional()
        .describe('only tasks whose id begins like this, in any state and without pages'),
      limit: integerParam('limit', { min: 1, max: 1000 }, 100).describe('tasks on a page'),
      cursor: cursorParam(0),
    }),
  },
  responses: {
    200: json(
      z.object({ tasks: z.array(taskSchema), next: z.int().optional() }),
      'A page, which may be empty. `next` is the cursor of the next page, if there is one',
    ),
  },
})

export const listTasksOfJob = operation('listTasksOfJob', {
  summary: 'List the tasks of a job on this node, oldest first',
  request: {
    params: taskIdParam,
    query: z.object({
      limit: integerParam('limit', { min: 1, max: 1000 }, 100).describe('tasks on a page'),
      cursor: cursorParam(0),
    }),
  },
  responses: {
    200: json(
      z.object({ tasks: z.array(taskSchema), next: z.int().optional() }),
      'A page. `next` is the cursor of the next page, if there is one',
    ),
  },
})

export const cancelTask = operation('cancelTask', {
  summary: 'Cancel a queued or running task',
  request: { params: taskIdParam },
  responses: { 200: json(taskSchema, 'The cancelled task') },
})

export const retryTask = operation('retryTask', {
  summary: 'Queue a failed task again, with all attempts',
  request: { params: taskIdParam },
  responses: { 200: json(taskSchema, 'The queued task') },
})
