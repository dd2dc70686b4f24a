/** Which jobs are paused because their tasks fail, and the failures that decide it. */
import type { DatabaseSync } from 'node:sqlite'
import { type Failures, whyPaused, withFailure } from '../../../core/fail-fast.ts'
import { idText } from '../../../core/task.ts'
import type { Transaction } from './transaction.ts'

interface Seen {
  id: Uint8Array
  fail_fast: number | null
  has_succeeded: number
  failed_tasks: number
  failed_alike: string | null
}

export interface Failure {
  /** Equal for failures that are alike. */
  alike: string
  error: string
}

export type Pauses = ReturnType<typeof createPauses>

export function createPauses(database: DatabaseSync, transaction: Transaction) {
  const sql = (text: string) => database.prepare(text)
  const load = sql(
    'SELECT id, fail_fast, has_succeeded, failed_tasks, failed_alike FROM jobs WHERE job = ? AND paused IS NULL',
  )
  const noteSuccess = sql('UPDATE jobs SET has_succeeded = 1 WHERE job = ?')
  const noteFailure = sql('UPDATE jobs SET failed_tasks = ?, failed_alike = ? WHERE job = ?')
  const pauseOne = sql('UPDATE jobs SET paused = ? WHERE job = ? AND paused IS NULL')
  const begin = sql(
    'UPDATE jobs SET paused = NULL, failed_tasks = 0, failed_alike = NULL WHERE job = ?',
  )
  const numbers = (where: string) =>
    new Set(
      sql(`SELECT job FROM jobs WHERE ${where}`)
        .all()
        .map(({ job }) => job as number),
    )
  const paused = numbers('paused IS NOT NULL')
  const proven = numbers('has_succeeded = 1')
  /** Jobs that failures have paused since somebody asked. */
  let news: { id: string; reason: string }[] = []

  function add(set: Set<number>, job: number): void {
    if (set.has(job)) return
    set.add(job)
    transaction.onRollback(() => set.delete(job))
  }

  function pause(job: number, reason: string): boolean {
    add(paused, job)
    return pauseOne.run(reason, job).changes > 0
  }

  return {
    isPaused: (job: number): boolean => paused.has(job),
    /** Whether a task of this job has ever succeeded. */
    isProven: (job: number): boolean => proven.has(job),

    /** A task has succeeded. */
    succeeded(job: number | null): void {
      if (job === null || proven.has(job)) return
      add(proven, job)
      noteSuccess.run(job)
    },

    /** A task has failed for good. */
    failed(job: number | null, { alike, error }: Failure): void {
      const row = job === null ? undefined : (load.get(job) as unknown as Seen | undefined)
      if (job === null || !row) return
      const seen = withFailure(failuresOf(row), alike)
      noteFailure.run(seen.failed, seen.alike ?? null, job)
      const why = whyPaused(seen, { failFast: row.fail_fast ?? undefined, error })
      if (why === undefined) return
      pause(job, why)
      const one = { id: idText(row.id), reason: why }
      transaction.onCommit(() => news.push(one))
    },

    pause,

    /** Its failures are counted anew. False if it was not paused. */
    goOn(job: number): boolean {
      begin.run(job)
      if (!paused.delete(job)) return false
      transaction.onRollback(() => paused.add(job))
      return true
    },

    takeNews() {
      const taken = news
      news = []
      return taken
    },
  }
}

function failuresOf({ has_succeeded, failed_tasks: failed, failed_alike }: Seen): Failures {
  return { hasSucceeded: has_succeeded === 1, failed, alike: failed_alike ?? undefined }
}
