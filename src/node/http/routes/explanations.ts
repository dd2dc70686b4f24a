/** Explains why a task or a job is where it is. */
import * as contract from '../../../api/contract/explanations.ts'
import { guarded, routeSet } from '../guard.ts'
import type { NodeContext } from '../node-context.ts'

export function explanationRoutes({ explanations }: NodeContext) {
  return routeSet()
    .openapi(guarded(contract.explainTask), async (c) =>
      c.json(await explanations.ofTask(c.req.valid('param').id), 200),
    )
    .openapi(guarded(contract.explainJob), async (c) =>
      c.json(await explanations.ofJob(c.req.valid('param').id), 200),
    )
}
