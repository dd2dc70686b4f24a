/** The parts of a node that its routes use. */
import type { Terms } from '../../api/contract/terms.ts'
import type { Kinds } from '../../kinds/kinds.ts'
import type { Backups } from '../backups.ts'
import type { Explanations } from '../explanations.ts'
import type { Intake } from '../intake.ts'
import type { Jobs } from '../jobs.ts'
import type { LastLines } from '../last-lines.ts'
import type { LiveLogs } from '../live-logs.ts'
import type { Loans } from '../loans.ts'
import type { Logs } from '../logs.ts'
import type { Outlooks } from '../outlook.ts'
import type { Queue } from '../queue.ts'
import type { Restore } from '../restore.ts'
import type { Scaler } from '../scaler.ts'
import type { Secrets } from '../secrets.ts'
import type { LiveSettings } from '../settings.ts'
import type { Setups } from '../setups.ts'
import type { Shared } from '../shared.ts'
import type { Siblings } from '../siblings.ts'
import type { BackupInfo } from '../store/snapshots.ts'
import type { Workers } from '../workers.ts'

/** One change that an administrator made, for the log. */
export interface AuditLine {
  /** Role and subject of the token. */
  who: string
  /** Method and path. */
  what: string
  /** Remote address; undefined for a request without a socket, as in tests. */
  from: string | undefined
  /** Status of the answer. */
  status: number
}

export interface NodeContext {
  info: { id: string; cluster: string; version: string; startedAt: number }
  /** Sign and verify the tokens of the cluster. */
  secrets: Secrets
  /** The file of the packed program that workers download; undefined if they have their own. */
  program: string | undefined
  /** Changes the machines of future workers; undefined for local workers. */
  configure: ((terms: Terms) => Promise<void>) | undefined
  /** The kinds of work that this node accepts. */
  kinds: Kinds
  queue: Queue
  intake: Pick<Intake, 'state' | 'disk'>
  jobs: Jobs
  shared: Shared
  workers: Workers
  setups: Pick<Setups, 'current' | 'failure'>
  loans: Loans
  scaler: Pick<Scaler, 'last'>
  outlooks: Pick<Outlooks, 'idleTimeout'>
  settings: LiveSettings
  siblings: Siblings
  backups: Backups
  restore: Restore
  logs: Logs
  explanations: Explanations
  lastLines: LastLines
  liveLogs: LiveLogs
  /** The backup that this node was restored from, if any. */
  restored: BackupInfo | undefined
  /** Periodic duties that fail, and why. */
  failingDuties: ReadonlyMap<string, string>
  /** An administrator's request has come. */
  onAsked: () => void
  onAudit: (line: AuditLine) => void
  /** Logs an unexpected error. */
  onError: (what: string, error: unknown) => void
}
