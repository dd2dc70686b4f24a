/** Shows, cancels and retries tasks. */
import * as contract from '../../../api/contract/tasks.ts'
import type { StoredTask } from '../../../core/task.ts'
import { guarded, routeSet } from '../guard.ts'
import type { NodeContext } from '../node-context.ts'
import { presentTask } from '../present.ts'

export function taskRoutes({ queue, jobs, kinds }: NodeContext) {
  const present = (task: StoredTask) => presentTask(kinds, task)
  return routeSet()
    .openapi(guarded(contract.getTask), async (c) =>
      c.json(present(await queue.get(c.req.valid('param').id)), 200),
    )
    .openapi(guarded(contract.lookupTasks), async (c) => {
      const found = await queue.lookup(c.req.valid('json').ids)
      const known = found.filter((task) => task !== undefined)
      return c.json({ tasks: known.map(present) }, 200)
    })
    .openapi(guarded(contract.lookupTasksByKey), async (c) => {
      const found = await jobs.tasksByKey(c.req.valid('json').keys)
      const tasks = found.map((task) => ({ ...present(task), key: task.key as string }))
      return c.json({ tasks }, 200)
    })
    .openapi(guarded(contract.listTasks), async (c) => {
      const { beginning, ...filter } = c.req.valid('query')
      if (beginning !== undefined) {
        const digits = beginning.replaceAll('-', '').slice(0, 32)
        const tasks = await queue.withBeginning(digits, filter.limit)
        return c.json({ tasks: tasks.map(present) }, 200)
      }
      const { tasks, next } = await queue.list(filter)
      return c.json({ tasks: tasks.map(present), next }, 200)
    })
    .openapi(guarded(contract.cancelTask), async (c) =>
      c.json(present(await queue.cancel(c.req.valid('param').id)), 200),
    )
    .openapi(guarded(contract.retryTask), async (c) =>
      c.json(present(await queue.retry(c.req.valid('param').id)), 200),
    )
}
