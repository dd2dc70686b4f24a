/** Stores, shows, cancels and retries jobs, and hands out the outputs of their tasks. */
import * as contract from '../../../api/contract/jobs.ts'
import { listTasksOfJob } from '../../../api/contract/tasks.ts'
import { framesType } from '../../../api/frames.ts'
import { TmError } from '../../../core/errors.ts'
import type { StoredJob } from '../../../core/task.ts'
import { guarded, routeSet } from '../guard.ts'
import type { NodeContext } from '../node-context.ts'
import { presentTask } from '../present.ts'
import { requireCommands } from '../require-commands.ts'

/** Of outputs in one answer. */
const maxSmallBytes = 16 * 1024 ** 2

const present = (job: StoredJob) => ({ ...job, definition: JSON.parse(job.definition) })

export function jobRoutes({ jobs, kinds, settings }: NodeContext) {
  return routeSet()
    .openapi(guarded(contract.putJob), async (c) => {
      const { id } = c.req.valid('param')
      requireCommands(settings.get())
      const definition = c.req.valid('json')
      await jobs.put(id, definition, definition.job.shared)
      return c.json({ id }, 200)
    })
    .openapi(guarded(contract.listJobs), async (c) =>
      c.json({ jobs: (await jobs.list()).map(present) }, 200),
    )
    .openapi(guarded(contract.getJob), async (c) =>
      c.json(present(await jobs.get(c.req.valid('param').id)), 200),
    )
    .openapi(guarded(listTasksOfJob), async (c) => {
      const { tasks, next } = await jobs.tasks(c.req.valid('param').id, c.req.valid('query'))
      return c.json({ tasks: tasks.map((task) => presentTask(kinds, task)), next }, 200)
    })
    .openapi(guarded(contract.cancelJob), async (c) =>
      c.json({ tasks: await jobs.cancel(c.req.valid('param').id) }, 200),
    )
    .openapi(guarded(contract.retryJob), async (c) =>
      c.json(await jobs.retry(c.req.valid('param').id), 200),
    )
    .openapi(guarded(contract.pauseJob), async (c) => {
      await jobs.pause(c.req.valid('param').id, c.req.valid('json').reason)
      return c.json({}, 200)
    })
    .openapi(guarded(contract.readSmallOutputs), async (c) => {
      const frames = await jobs.readSmallOutputs(c.req.valid('json').ids, maxSmallBytes)
      return c.body(frames, 200, { 'content-type': framesType })
    })
    .openapi(guarded(contract.readOutput), async (c) => {
      const { id, part } = c.req.valid('param')
      const bytes = await jobs.readOutput(id, part)
      if (!bytes) throw new TmError('not_found', `Task ${id} has no part ${part} of outputs`)
      return c.body(bytes, 200, { 'content-type': 'application/octet-stream' })
    })
}
