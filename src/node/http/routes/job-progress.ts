/** Shows how far a job is: from the store, with what workers say of commands that run. */
import { getJobProgress } from '../../../api/contract/job-progress.ts'
import type { StoredTask } from '../../../core/task.ts'
import { guarded, routeSet } from '../guard.ts'
import type { NodeContext } from '../node-context.ts'
import { presentTask } from '../present.ts'

export function jobProgressRoutes({ jobs, kinds, lastLines }: NodeContext) {
  const present = (task: StoredTask) => presentTask(kinds, task)
  const withSign = (task: StoredTask) => ({
    ...present(task),
    ...lastLines.of(task.id, task.attempts),
  })

  return routeSet().openapi(guarded(getJobProgress), async (c) => {
    const { id } = c.req.valid('param')
    const [{ counts }, { running, failed, pace }] = await Promise.all([
      jobs.get(id),
      jobs.progress(id, c.req.valid('query').limit),
    ])
    const tasks = { running: running.map(withSign), failed: failed.map(present) }
    return c.json({ counts, ...tasks, pace }, 200)
  })
}
