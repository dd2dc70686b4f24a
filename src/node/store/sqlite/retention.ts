/** What is cleaned up: bodies that nobody needs, and finished tasks by their age and number. */
import type { DatabaseSync } from 'node:sqlite'
import type { Moment } from '../../../core/clock.ts'
import type { Retention } from '../store.ts'
import type { Bodies } from './bodies.ts'
import type { Memory } from './memory.ts'
import type { Engine } from './methods.ts'
import { stateNumbers as states } from './schema.ts'

interface FinishedRow {
  seq: number
  upload: number | null
  state: number
  finished_at: number
}

/** Tasks that go in one step: about two milliseconds. */
const step = 200

export function tidyMethod(
  database: DatabaseSync,
  { counters }: Memory,
  bodies: Bodies,
): Pick<Engine, 'tidy'> {
  const sql = (text: string) => database.prepare(text)
  const oldestPulled = sql(`SELECT seq, NULL AS upload, ${states.succeeded} AS state, finished_at
    FROM results WHERE pulled = 1 ORDER BY finished_at LIMIT ?`)
  const oldestOthers = sql(`SELECT seq, upload, state, finished_at FROM tasks
    WHERE state > ${states.succeeded} ORDER BY finished_at LIMIT ?`)
  const removeTask = sql('DELETE FROM tasks WHERE seq = ? RETURNING done_seq')
  const removeResult = sql('DELETE FROM results WHERE done_seq = ?')

  /** The oldest that are too old, or too many. */
  function overdue({ keepFor, keepMost }: Retention, { wall }: Moment): FinishedRow[] {
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

  function forget({ seq, upload, state }: FinishedRow): void {
    const done = removeTask.get(seq)?.done_seq as number | null
    if (state === states.succeeded) {
      removeResult.run(done)
      counters.succeeded -= 1
      return
    }
    if (state === states.failed) {
      bodies.drop(seq, upload)
      counters.failed -= 1
    } else counters.cancelled -= 1
  }

  return {
    tidy(retention, now) {
      if (bodies.sweep()) return true
      const rows = overdue(retention, now)
      for (const row of rows) forget(row)
      return rows.length > 0
    },
  }
}
