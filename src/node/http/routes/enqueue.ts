/** Enqueues tasks: one as a raw body, or many as a stream of frames. */
import { v7 } from 'uuid'
import * as sha512 from '../../../api/contract/sha512.ts'
import * as contract from '../../../api/contract/tasks.ts'
import { decodeFrames, type Frame } from '../../../api/frames.ts'
import { readTask } from '../../../api/new-tasks.ts'
import { TmError } from '../../../core/errors.ts'
import type { AcceptedTask } from '../../../core/task.ts'
import { accept, type Kinds } from '../../../kinds/kinds.ts'
import { readBody } from '../body.ts'
import { createBodyMemory } from '../body-memory.ts'
import { guarded, routeSet } from '../guard.ts'
import type { NodeContext } from '../node-context.ts'
import { slowIntake } from '../slow-intake.ts'

/** Tasks of a stream are enqueued in batches of this size. */
const batchTasks = 1000
const batchBytes = 2 * 1024 ** 2

/** For large bodies, over all requests. A stream of small tasks never holds more than is free. */
const memoryLimits = { bytes: 128 * 1024 ** 2, freeBytes: 2 * batchBytes }

export interface OneTask {
  id: string
  iterations: number
  body: Uint8Array<ArrayBuffer>
}

/** Enqueues one task. Resolves when it is on disk. */
export async function enqueueOne(
  { queue, kinds }: Pick<NodeContext, 'queue' | 'kinds'>,
  { id, iterations, body }: OneTask,
): Promise<{ id: string }> {
  const task = accept(kinds, { id, kind: 'sha512', spec: { iterations }, body })
  const [outcome] = await queue.enqueue([task])
  if (outcome === 'conflict') throw new TmError('conflict', `Another task has the id ${id}`)
  return { id }
}

export function enqueueRoutes(context: NodeContext) {
  const { queue, kinds, settings } = context
  const memory = createBodyMemory(memoryLimits)
  const maxBody = () => settings.get().maxBody

  return routeSet()
    .openapi(guarded(sha512.enqueueTask), async (c) => {
      const { iterations } = c.req.valid('query')
      const id = c.req.valid('header')['idempotency-key'] ?? v7()
      const share = memory.open()
      const made = await readBody(c, maxBody(), share.receive(c.req.raw.body))
        .then((body) => enqueueOne({ queue, kinds }, { id, iterations, body }))
        .finally(share.release)
      return c.json(made, 201)
    })
    .openapi(guarded(contract.enqueueTasks), async (c) => {
      const accepted: { id: string; outcome: 'created' | 'known' | 'conflict' }[] = []
      const share = memory.open()
      try {
        const frames = decodeFrames(share.receive(c.req.raw.body), maxBody())
        for await (const tasks of batches(frames, kinds)) {
          const outcomes = await queue.enqueue(tasks, { hasBegun: accepted.length > 0 })
          for (const [index, outcome] of outcomes.entries()) {
            accepted.push({ id: (tasks[index] as AcceptedTask).id, outcome })
          }
          share.release()
        }
      } finally {
        share.release()
      }
      return c.json({ tasks: accepted, ...slowIntake(context) }, 200)
    })
}

async function* batches(
  pieces: AsyncIterable<Frame[]>,
  kinds: Kinds,
): AsyncGenerator<AcceptedTask[]> {
  let tasks: AcceptedTask[] = []
  let bytes = 0
  for await (const frames of pieces) {
    for (const frame of frames) tasks.push(readTask(frame, kinds))
    bytes += frames.reduce((sum, { body }) => sum + body.length, 0)
    if (tasks.length < batchTasks && bytes < batchBytes) continue
    yield tasks
    tasks = []
    bytes = 0
  }
  if (tasks.length > 0) yield tasks
}
