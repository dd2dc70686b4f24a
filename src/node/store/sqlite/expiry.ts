/** How an attempt ends without a result, and the leases that nobody renewed. */
import type { DatabaseSync } from 'node:sqlite'
import { isExhausted } from '../../../core/retry.ts'
import type { Reaped } from '../store.ts'
import type { Memory } from './memory.ts'
import type { Engine } from './methods.ts'
import { selectTasks, type TaskRow } from './rows.ts'
import { stateNumbers as states } from './schema.ts'

export interface AttemptEnd {
  error: string
  /** Steady milliseconds. */
  runAt: number
  maxAttempts: number
  wall: number
}

export type EndAttempt = (row: TaskRow, end: AttemptEnd) => 'queued' | 'failed'

const maxErrorLength = 2000
/** A first attempt that lasts this long is put on disk. Milliseconds. */
const keepAfter = 1000

export function attemptEnd(database: DatabaseSync, { counters }: Memory): EndAttempt {
  const requeue = database.prepare(`UPDATE tasks SET state = ${states.queued}, failures = ?,
    run_at = ?, error = ?, lease_until = NULL WHERE seq = ?`)
  const giveUp = database.prepare(`UPDATE tasks SET state = ${states.failed}, failures = ?,
    finished_at = ?, error = ?, lease_until = NULL WHERE seq = ?`)

  return (row, end) => {
    const failures = row.failures + 1
    const error = end.error.slice(0, maxErrorLength)
    counters.running -= 1
    if (isExhausted(failures, end.maxAttempts)) {
      const times = `${failures} failed attempt${failures === 1 ? '' : 's'}`
      giveUp.run(failures, end.wall, `${error} (${times})`, row.seq)
      counters.failed += 1
      return 'failed'
    }
    requeue.run(failures, Math.floor(end.runAt), error, row.seq)
    counters.queued += 1
    return 'queued'
  }
}

export function reapMethod(
  database: DatabaseSync,
  memory: Memory,
  endAttempt: EndAttempt,
): Pick<Engine, 'reap'> {
  const expired = database.prepare(`${selectTasks}
    WHERE state = ${states.running} AND lease_until <= ? ORDER BY lease_until LIMIT 1000`)

  return {
    reap(maxAttempts, now) {
      for (const lease of memory.first.values()) {
        // They are in the order in which they began.
        if (lease.begun > now.steady - keepAfter && lease.until > now.steady) break
        memory.keep(lease)
      }
      const reaped: Reaped = { requeued: 0, failed: 0 }
      for (const row of expired.all(now.steady) as unknown as TaskRow[]) {
        const error = `worker ${row.worker} did not renew its lease: it died or lost contact`
        const end = { error, runAt: now.steady, maxAttempts, wall: now.wall }
        reaped[endAttempt(row, end) === 'failed' ? 'failed' : 'requeued'] += 1
      }
      return reaped
    },
  }
}
