/** Taking tasks in: one as a raw body, or many as a stream of frames. */
import { z } from '@hono/zod-openapi'
import { v7 } from 'uuid'
import { TmError } from '../../core/errors.ts'
import { decodeFrames, type Frame, framesType } from '../../core/frames.ts'
import { isTaskId, maxIterations, type NewTask } from '../../core/task.ts'
import type { Deps } from '../app.ts'
import { createRoom } from '../room.ts'
import { readBody, sizeOf } from './body.ts'
import { guarded, routes } from './guard.ts'
import { binary, iterationsParam, json } from './schemas.ts'

const enqueueOne = guarded(['admin'], {
  method: 'put',
  path: '/enqueue',
  summary: 'Takes one task: the body is its bytes, of any content type',
  request: {
    query: z.object({ iterations: iterationsParam() }),
    headers: z.object({
      'idempotency-key': z
        .string()
        .refine(isTaskId, { error: 'idempotency-key must be a UUID in lower case' })
        .optional()
        .describe("the task's id, made by the client (UUIDv7): a retry never makes a second task"),
    }),
    body: { content: { 'application/octet-stream': binary } },
  },
  responses: { 201: json(z.object({ id: z.string() }), 'The task is on disk') },
})

const enqueueMany = guarded(['admin'], {
  method: 'post',
  path: '/v1/tasks',
  summary: 'Takes many tasks, as a stream of frames with {id, iterations} for a header',
  request: { body: { content: { [framesType]: binary } } },
  responses: {
    200: json(
      z.object({
        tasks: z.array(
          z.object({ id: z.string(), outcome: z.enum(['created', 'known', 'conflict']) }),
        ),
      }),
      'Every task but those in conflict is on disk',
    ),
  },
})

/** Tasks and bytes that are handed to the queue together while a stream goes on. */
const batchTasks = 1000
const batchBytes = 2 * 1024 ** 2

/** Bytes of large bodies that are in memory on their way to the store. */
const roomBytes = 128 * 1024 ** 2

export function enqueueRoutes({ queue, settings }: Deps) {
  const room = createRoom(roomBytes)
  const maxBody = () => settings.get().maxBody

  return routes()
    .openapi(enqueueOne, async (c) => {
      const { iterations } = c.req.valid('query')
      const id = c.req.valid('header')['idempotency-key'] ?? v7()
      const size = sizeOf(c, maxBody())
      const leave = size < batchBytes ? () => {} : await room.take(size)
      const [outcome] = await readBody(c, maxBody())
        .then((body) => queue.enqueue([{ id, iterations, body }]))
        .finally(leave)
      if (outcome === 'conflict') {
        throw new TmError('conflict', `Another task has the id ${id}`)
      }
      return c.json({ id }, 201)
    })
    .openapi(enqueueMany, async (c) => {
      const accepted: { id: string; outcome: 'created' | 'known' | 'conflict' }[] = []
      let leave = () => {}
      const admit = async (size: number) => {
        if (size >= batchBytes) leave = await room.take(size)
      }
      try {
        for await (const tasks of batches(decodeFrames(c.req.raw.body, maxBody(), admit))) {
          const outcomes = await queue.enqueue(tasks)
          for (const [index, outcome] of outcomes.entries()) {
            accepted.push({ id: (tasks[index] as NewTask).id, outcome })
          }
          leave()
          leave = () => {}
        }
      } finally {
        leave()
      }
      return c.json({ tasks: accepted }, 200)
    })
}

async function* batches(pieces: AsyncIterable<Frame[]>): AsyncGenerator<NewTask[]> {
  let tasks: NewTask[] = []
  let bytes = 0
  for await (const frames of pieces) {
    for (const frame of frames) tasks.push(toTask(frame))
    bytes += frames.reduce((sum, { body }) => sum + body.length, 0)
    if (tasks.length < batchTasks && bytes < batchBytes) continue
    yield tasks
    tasks = []
    bytes = 0
  }
  if (tasks.length > 0) yield tasks
}

/** By hand: a schema costs more than the rest of taking in a small task. */
function toTask({ header, body }: Frame): NewTask {
  const { id, iterations } = (header ?? {}) as Partial<NewTask>
  if (typeof id !== 'string' || !isTaskId(id)) {
    throw new TmError('invalid', 'id must be a UUID in lower case, in the header of each frame')
  }
  if (!Number.isSafeInteger(iterations) || Number(iterations) < 1) {
    throw new TmError('invalid', `iterations must be a whole number from 1 to ${maxIterations}`)
  }
  return { id, iterations: iterations as number, body }
}
