/** The node's HTTP interface: authentication, audit, all routes, and answers to errors. */

import { getDocument } from '../../api/contract/node.ts'
import { errorSchema } from '../../api/contract/schemas.ts'
import { audit } from './audit.ts'
import { answerErrors, placeOf } from './errors.ts'
import { authenticate, guarded, routeSet } from './guard.ts'
import { checkMethod } from './methods.ts'
import type { NodeContext } from './node-context.ts'
import { openApiDocument } from './openapi.ts'
import { attemptRoutes } from './routes/attempts.ts'
import { backupRoutes } from './routes/backups.ts'
import { enqueueRoutes } from './routes/enqueue.ts'
import { explanationRoutes } from './routes/explanations.ts'
import { jobProgressRoutes } from './routes/job-progress.ts'
import { jobTaskRoutes } from './routes/job-tasks.ts'
import { jobRoutes } from './routes/jobs.ts'
import { joinRoutes } from './routes/join.ts'
import { leaseRoutes } from './routes/leases.ts'
import { liveLogRoutes } from './routes/live-logs.ts'
import { loanRoutes } from './routes/loans.ts'
import { logRoutes } from './routes/logs.ts'
import { nodeRoutes } from './routes/node.ts'
import { resultRoutes } from './routes/results.ts'
import { sharedRoutes } from './routes/shared.ts'
import { taskRoutes } from './routes/tasks.ts'
import { workerRoutes } from './routes/workers.ts'

export type App = ReturnType<typeof createApp>

const routes = [
  enqueueRoutes,
  leaseRoutes,
  taskRoutes,
  jobRoutes,
  jobTaskRoutes,
  sharedRoutes,
  attemptRoutes,
  jobProgressRoutes,
  explanationRoutes,
  liveLogRoutes,
  resultRoutes,
  workerRoutes,
  joinRoutes,
  loanRoutes,
  backupRoutes,
  logRoutes,
  nodeRoutes,
]

export function createApp(context: NodeContext) {
  const app = routeSet()
  app.use(audit(context.onAudit))
  app.use(authenticate(context))
  app.use(checkMethod)
  for (const create of routes) app.route('/', create(context))
  app.openapi(guarded(getDocument), (c) =>
    c.json({ ...openApiDocument(app, context.info.version) }, 200),
  )
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
  })
  app.openAPIRegistry.register('Error', errorSchema)
  answerErrors(app, { place: placeOf(context), onError: context.onError })
  return app
}
