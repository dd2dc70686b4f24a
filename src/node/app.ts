/** The node's HTTP interface: all routes on one app, and how errors become answers. */

import type { Backups } from './backups.ts'
import { answerErrors } from './errors.ts'
import type { Loans } from './loans.ts'
import { openApiDocument } from './openapi.ts'
import type { Queue } from './queue.ts'
import type { Restore } from './restore.ts'
import { type AuditLine, audit } from './routes/audit.ts'
import { backupRoutes } from './routes/backups.ts'
import { clusterRoutes } from './routes/cluster.ts'
import { enqueueRoutes } from './routes/enqueue.ts'
import { allow, authenticate, routes } from './routes/guard.ts'
import { healthRoutes } from './routes/health.ts'
import { joinRoutes } from './routes/join.ts'
import { leaseRoutes } from './routes/leases.ts'
import { loanRoutes } from './routes/loans.ts'
import { resultRoutes } from './routes/results.ts'
import { errorSchema } from './routes/schemas.ts'
import { secretRoutes } from './routes/secret.ts'
import { taskRoutes } from './routes/tasks.ts'
import { workerRoutes } from './routes/workers.ts'
import type { Scaler } from './scaler.ts'
import type { Secrets } from './secrets.ts'
import type { LiveSettings } from './settings.ts'
import type { Siblings } from './siblings.ts'
import type { BackupInfo } from './store/sqlite/backup.ts'
import type { Workers } from './workers.ts'

/** What the routes work with. */
export interface Deps {
  info: { id: string; cluster: string; version: string; startedAt: number }
  /** Under which the tokens of the cluster are made. */
  secrets: Secrets
  /** The packed program that workers fetch; undefined where they are started by other means. */
  program: string | undefined
  /** Changes what the next workers are made of, and more; undefined where there is no choice. */
  provision: ((terms: Record<string, unknown>) => Promise<void>) | undefined
  queue: Queue
  workers: Workers
  loans: Loans
  scaler: Pick<Scaler, 'last'>
  settings: LiveSettings
  siblings: Siblings
  backups: Backups
  restore: Restore
  /** The backup that this node has begun with, if so. */
  restored: BackupInfo | undefined
  /** Periodic duties that fail at the moment, and why. */
  duties: ReadonlyMap<string, string>
  onAudit: (line: AuditLine) => void
  /** Where an error that nobody foresaw is written down. */
  onError: (what: string, error: unknown) => void
}

export type App = ReturnType<typeof createApp>

export function createApp(deps: Deps) {
  const base = routes()
  base.use(audit(deps.onAudit))
  base.use(authenticate(deps))
  const app = base
    .route('/', enqueueRoutes(deps))
    .route('/', leaseRoutes(deps))
    .route('/', taskRoutes(deps))
    .route('/', resultRoutes(deps))
    .route('/', workerRoutes(deps))
    .route('/', joinRoutes(deps))
    .route('/', loanRoutes(deps))
    .route('/', backupRoutes(deps))
    .route('/', secretRoutes(deps))
    .route('/', clusterRoutes(deps))
    .route('/', healthRoutes(deps))
  app.get('/openapi.json', allow(['admin']), (c) => c.json(openApiDocument(app, deps.info.version)))
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
  })
  app.openAPIRegistry.register('Error', errorSchema)
  answerErrors(app, deps.onError)
  return app
}
