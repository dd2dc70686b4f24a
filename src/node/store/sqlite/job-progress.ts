/** How far a job is: what of it runs, what failed first, and how fast its tasks have ended lately. */
import type { DatabaseSync } from 'node:sqlite'
import { type Pace, paceOf } from '../../../core/pace.ts'
import { idBytes } from '../../../core/task.ts'
import type { Engine } from './methods.ts'
import { queuedRows } from './queued-rows.ts'
import { selectTasks, type TaskRow, toTask } from './rows.ts'
import { stateNumbers as states } from './schema.ts'

/** Newest results that are looked at, of all jobs: about two milliseconds. */
const scanned = 1000

export function jobProgressMethod(database: DatabaseSync): Pick<Engine, 'jobProgress'> {
  const sql = (text: string) => database.prepare(text)
  const find = sql('SELECT job, created_at FROM jobs WHERE id = ?')
  const running = sql(`${selectTasks} WHERE tasks.job = ? AND state = ${states.running}
    ORDER BY tasks.started_at LIMIT ?`)
  const failed = sql(`${selectTasks} WHERE tasks.job = ? AND state = ${states.failed}
    ORDER BY seq LIMIT ?`)
  const queued = queuedRows(database)
  const byId = sql(`${selectTasks} WHERE tasks.id = ?`)
  const next = sql(`${selectTasks} WHERE tasks.job = ? AND state = ${states.queued}
    ORDER BY seq LIMIT 1`)
  const newest = sql(`SELECT results.finished_at AS at, tasks.job AS job
    FROM results JOIN tasks USING (seq) ORDER BY results.done_seq DESC LIMIT ${scanned}`)

  function pace(job: number, createdAt: number, wall: number): Pace {
    const rows = newest.all() as unknown as { at: number; job: number | null }[]
    const times = rows.flatMap((row) => (row.job === job ? [row.at] : []))
    const since = rows.length < scanned ? 0 : (rows.at(-1)?.at ?? 0)
    return paceOf(times, { now: wall, since: Math.max(createdAt, since) })
  }

  /** One that could run now, if there is one. */
  function firstWaiting(job: number, steady: number): TaskRow | undefined {
    for (const { id } of queued.ofJob(job, steady, 1)) {
      return byId.get(idBytes(id)) as unknown as TaskRow
    }
    return next.get(job) as unknown as TaskRow | undefined
  }

  return {
    jobProgress(id, limit, { wall, steady }) {
      const row = find.get(idBytes(id)) as { job: number; created_at: number } | undefined
      if (!row) return undefined
      const waits = firstWaiting(row.job, steady)
      return {
        running: (running.all(row.job, limit) as unknown as TaskRow[]).map(toTask),
        failed: (failed.all(row.job, limit) as unknown as TaskRow[]).map(toTask),
        ...(waits ? { next: toTask(waits) } : {}),
        pace: pace(row.job, row.created_at, wall),
      }
    },
  }
}
