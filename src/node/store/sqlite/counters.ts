/** What the engine counts in memory instead of asking the tables each time. */
import type { DatabaseSync } from 'node:sqlite'
import type { TaskState } from '../../../core/task.ts'
import { stateNumbers } from './schema.ts'

export interface Counters extends Record<TaskState, number> {
  unpulled: number
  /** The next values of `seq` and `done_seq`. */
  nextSeq: number
  nextDone: number
}

export function readCounters(database: DatabaseSync): Counters {
  const value = (text: string) => Number(database.prepare(text).get()?.n ?? 0)
  const rows = database.prepare('SELECT state, count(*) AS n FROM tasks GROUP BY state').all()
  const count = (state: number) => Number(rows.find((row) => row.state === state)?.n ?? 0)
  const succeeded = stateNumbers.succeeded
  return {
    queued: count(stateNumbers.queued),
    running: count(stateNumbers.running),
    succeeded: count(succeeded),
    failed: count(stateNumbers.failed),
    cancelled: count(stateNumbers.cancelled),
    unpulled: value(`SELECT count(*) AS n FROM tasks WHERE state = ${succeeded} AND pulled = 0`),
    nextSeq: value('SELECT max(seq) + 1 AS n FROM tasks') || 1,
    nextDone: value('SELECT max(done_seq) + 1 AS n FROM tasks') || 1,
  }
}
