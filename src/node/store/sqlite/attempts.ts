/**
 * What failed attempts of commands left behind: how they ended, and the last of what they wrote. The
 * newest three of each task, and of all tasks the newest 10,000: at most 1.3 GB.
 */
import type { DatabaseSync } from 'node:sqlite'
import type { StoredAttempt } from '../../../core/task.ts'
import type { FailureReport } from '../task-store.ts'
import type { TaskRow } from './rows.ts'
import type { Transaction } from './transaction.ts'

/** Attempts kept of each task, and of all together. */
const newest = 3
const newestOfAll = 10_000
/** Removed in one step: each may have 128 KiB. */
const step = 10

interface AttemptRow {
  attempt: number
  worker: string
  started_at: number
  ended_at: number
  error: string
  ending: string | null
  stdout: Uint8Array | null
  stdout_bytes: number | null
  stderr: Uint8Array | null
  stderr_bytes: number | null
}

export type Attempts = ReturnType<typeof createAttempts>

export function createAttempts(database: DatabaseSync, transaction: Transaction) {
  const sql = (text: string) => database.prepare(text)
  const insert = sql(`INSERT INTO attempts (seq, attempt, worker, started_at, ended_at, error,
    ending, stdout, stdout_bytes, stderr, stderr_bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
  const forgetOlder = sql(`DELETE FROM attempts WHERE seq = ? AND attempt NOT IN
    (SELECT attempt FROM attempts WHERE seq = ? ORDER BY attempt DESC LIMIT ${newest})`)
  const select = sql('SELECT * FROM attempts WHERE seq = ? ORDER BY attempt')
  const remove = sql('DELETE FROM attempts WHERE seq = ?')
  // Two searches of the index, where min and max in one query would read all of it.
  const range = sql(`SELECT (SELECT min(number) FROM attempts) AS oldest,
    (SELECT max(number) FROM attempts) AS newest`)
  const removeOldest = sql('DELETE FROM attempts WHERE number < ?')
  const dropped = orphans(database)

  return {
    keep(row: TaskRow, { attempt, error, ending, stdout, stderr }: FailureReport, at: number) {
      if (row.job === null || ending === undefined) return
      const texts = [stdout, stderr].flatMap((kept) =>
        kept ? [new TextEncoder().encode(kept.text), kept.bytes] : [null, null],
      )
      const times = [row.started_at ?? at, at] as const
      insert.run(row.seq, attempt, row.worker ?? '', ...times, error, ending, ...texts)
      forgetOlder.run(row.seq, row.seq)
    },

    /** Oldest first. */
    of: (seq: number): StoredAttempt[] =>
      (select.all(seq) as unknown as AttemptRow[]).map(toAttempt),

    /** The task is forgotten. Only a job's task has attempts. */
    drop({ seq, job }: { seq: number; job: number | null }): void {
      if (job !== null) transaction.onCommit(() => dropped.push(seq))
    },

    /** Removes some of what is not kept. False if there was nothing. */
    reclaim(): boolean {
      const [seq] = dropped
      if (seq !== undefined) {
        remove.run(seq)
        transaction.onCommit(() => dropped.shift())
        return true
      }
      const { oldest, newest } = range.get() as Record<string, number | null>
      const tooOld = (newest ?? 0) - newestOfAll
      if (oldest === null || oldest === undefined || oldest > tooOld) return false
      removeOldest.run(Math.min(oldest + step, tooOld + 1))
      return true
    },
  }
}

function toAttempt(row: AttemptRow): StoredAttempt {
  const { attempt, worker, started_at: startedAt, ended_at: endedAt, error, ending } = row
  const text = (bytes: Uint8Array | null, whole: number | null) =>
    bytes && { text: new TextDecoder().decode(bytes), bytes: whole ?? bytes.length }
  const stdout = text(row.stdout, row.stdout_bytes)
  const stderr = text(row.stderr, row.stderr_bytes)
  return {
    attempt,
    worker,
    startedAt,
    endedAt,
    error,
    ...(ending === null ? {} : { ending }),
    ...(stdout ? { stdout } : {}),
    ...(stderr ? { stderr } : {}),
  }
}

/** What a killed node did not get to remove. */
function orphans(database: DatabaseSync): number[] {
  const rows = database.prepare(`SELECT DISTINCT seq FROM attempts
    WHERE NOT EXISTS (SELECT 1 FROM tasks WHERE tasks.seq = attempts.seq)`)
  return rows.all().map(({ seq }) => seq as number)
}
