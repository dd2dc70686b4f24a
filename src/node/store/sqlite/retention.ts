/** Removes bodies that no task needs, and finished tasks that are too old or too many. */
import type { DatabaseSync } from 'node:sqlite'
import type { Moment } from '../../../core/clock.ts'
import type { Retention } from '../task-store.ts'
import type { Attempts } from './attempts.ts'
import type { Bodies } from './bodies.ts'
import type { Memory } from './memory.ts'
import type { Engine } from './methods.ts'
import type { Outputs } from './outputs.ts'
import { stateNumbers as states } from './schema.ts'
import type { Shared } from './shared.ts'

interface FinishedRow {
  seq: number
  upload: number | null
  state: number
  finished_at: number
}

/** Tasks removed in one step: about two milliseconds. */
const step = 200
/** Pulled results that are looked at for those of jobs: about two milliseconds. */
const scanned = 5000

interface Parts {
  bodies: Bodies
  outputs: Pick<Outputs, 'drop' | 'reclaim'>
  attempts: Pick<Attempts, 'drop' | 'reclaim'>
  shared: Pick<Shared, 'reclaim'>
}

export function pruneMethod(
  database: DatabaseSync,
  { counters }: Memory,
  { bodies, outputs, shared, attempts }: Parts,
): Pick<Engine, 'prune'> {
  const sql = (text: string) => database.prepare(text)
  const oldestPulled = sql(`SELECT seq, NULL AS upload, ${states.succeeded} AS state, finished_at
    FROM results WHERE pulled = 1 ORDER BY finished_at LIMIT ?`)
  const oldestOfJobs = sql(`SELECT pulled.seq, NULL AS upload, ${states.succeeded} AS state,
    pulled.finished_at FROM
    (SELECT seq, finished_at FROM results WHERE pulled = 1 ORDER BY finished_at LIMIT ${scanned}) AS pulled
    JOIN tasks USING (seq) WHERE tasks.job IS NOT NULL LIMIT ?`)
  const oldestOthers = sql(`SELECT seq, upload, state, finished_at FROM tasks
    WHERE state > ${states.succeeded} ORDER BY finished_at LIMIT ?`)
  const removeTask = sql('DELETE FROM tasks WHERE seq = ? RETURNING done_seq, job')
  const removeJobs = sql(`DELETE FROM jobs WHERE created_at <= ?
    AND NOT EXISTS (SELECT 1 FROM tasks WHERE tasks.job = jobs.job)`)
  const removeResult = sql('DELETE FROM results WHERE done_seq = ?')

  /** The oldest finished tasks that are too old or too many. */
  function overdue(
    { keepFor, keepMost, keepPulledFor = keepFor }: Retention,
    { wall }: Moment,
  ): FinishedRow[] {
    const ofJobs = keepPulledFor < keepFor ? fetched(wall - keepPulledFor) : []
    if (ofJobs.length > 0) return ofJobs
    const { succeeded, failed, cancelled } = counters
    const surplus = succeeded + failed + cancelled - keepMost
    const oldest = [
      ...oldestPulled.all(step),
      ...oldestOthers.all(step),
    ] as unknown as FinishedRow[]
    return oldest
      .sort((a, b) => a.finished_at - b.finished_at)
      .slice(0, step)
      .filter((row, index) => index < surplus || row.finished_at <= wall - keepFor)
  }

  /** Outputs that are in place somewhere else, with what belongs to them, of tasks that ended before. */
  function fetched(before: number): FinishedRow[] {
    const oldest = oldestOfJobs.all(step) as unknown as FinishedRow[]
    return oldest.filter((row) => row.finished_at <= before)
  }

  function forget({ seq, upload, state }: FinishedRow): void {
    const removed = removeTask.get(seq) as { done_seq: number | null; job: number | null }
    outputs.drop({ seq, job: removed.job })
    attempts.drop({ seq, job: removed.job })
    if (state === states.succeeded) {
      removeResult.run(removed.done_seq)
      counters.succeeded -= 1
      return
    }
    if (state === states.failed) {
      bodies.drop(seq, upload)
      counters.failed -= 1
    } else counters.cancelled -= 1
  }

  return {
    prune(retention, now) {
      if (bodies.reclaim() || outputs.reclaim() || attempts.reclaim()) return true
      const rows = overdue(retention, now)
      for (const row of rows) forget(row)
      if (rows.length > 0) return true
      if (removeJobs.run(now.wall - retention.keepFor).changes > 0) return true
      return shared.reclaim(now)
    },
  }
}
