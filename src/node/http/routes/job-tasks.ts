/** Enqueues tasks of a job that come as JSON. */
import { v7 } from 'uuid'
import { enqueueTasksOfJob, type JsonTask } from '../../../api/contract/job-tasks.ts'
import { formatBytes } from '../../../core/bytes.ts'
import { TmError } from '../../../core/errors.ts'
import type { AcceptedTask } from '../../../core/task.ts'
import { accept } from '../../../kinds/kinds.ts'
import { guarded, routeSet } from '../guard.ts'
import type { NodeContext } from '../node-context.ts'
import { requireCommands } from '../require-commands.ts'
import { slowIntake } from '../slow-intake.ts'

export function jobTaskRoutes(context: NodeContext) {
  const { jobs, queue, kinds, settings } = context
  function read(job: string, { id = v7(), n, values = {}, body }: JsonTask, at: number) {
    const bytes = bytesOf(body)
    refuseLarge(bytes, settings.get().maxBody)
    const spec = { n: n ?? at + 1, values }
    return accept(kinds, { id, job, kind: 'command', spec, body: bytes })
  }

  return routeSet().openapi(guarded(enqueueTasksOfJob), async (c) => {
    const { id } = c.req.valid('param')
    requireCommands(settings.get())
    await jobs.get(id)
    const tasks: AcceptedTask[] = c.req.valid('json').tasks.map((task, at) => read(id, task, at))
    const outcomes = await queue.enqueue(tasks)
    const answers = tasks.map((task, at) => ({
      id: task.id,
      outcome: outcomes[at] as (typeof outcomes)[number],
    }))
    return c.json({ tasks: answers, ...slowIntake(context) }, 200)
  })
}

function bytesOf(body: JsonTask['body']): Uint8Array<ArrayBuffer> {
  if (!body) return new Uint8Array()
  return new Uint8Array(
    'text' in body ? Buffer.from(body.text) : Buffer.from(body.base64, 'base64'),
  )
}

function refuseLarge({ length }: Uint8Array, maxBody: number): void {
  if (length <= maxBody) return
  const what = `A body of ${formatBytes(length)} is over the limit of ${formatBytes(maxBody)}`
  throw new TmError('too_large', what)
}
