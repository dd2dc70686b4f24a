/** Where a queued task stands in the order in which claims take tasks. */
import type { DatabaseSync } from 'node:sqlite'
import { idBytes } from '../../../core/task.ts'
import type { Canary } from './canary.ts'
import type { Memory } from './memory.ts'
import type { Engine } from './methods.ts'
import type { OpenJob, OpenJobs } from './open-jobs.ts'
import { type Candidate, queuedRows } from './queued-rows.ts'
import { stateNumbers as states } from './schema.ts'

interface Row {
  seq: number
  job: number | null
  attempt: number
  run_at: number
}

interface Parts {
  memory: Memory
  openJobs: OpenJobs
  canary: Pick<Canary, 'isBeingTried'>
}

export function positionMethod(
  database: DatabaseSync,
  { memory: { counters, first }, openJobs, canary }: Parts,
): Pick<Engine, 'position'> {
  const find = database.prepare(`SELECT seq, job, attempt, run_at FROM tasks
    WHERE id = ? AND state = ${states.queued}`)
  const rows = queuedRows(database)

  /** Of other jobs: earlier ones, or for a task without a job those that have waited longer. */
  function ofJobs({ job, run_at: runAt }: Row, steady: number): number {
    const isEarlier = (open: OpenJob) => {
      if (job !== null) return open.job < job
      for (const first of rows.ofJob(open.job, steady, 1)) return first.runAt <= runAt
      return false
    }
    return openJobs
      .all()
      .filter((open) => !canary.isBeingTried(open) && isEarlier(open))
      .reduce((sum, open) => sum + openJobs.dueOf(open, steady), 0)
  }

  /** Tasks without a job that have waited longer than one of a job. */
  function ofNoJob({ job, run_at: runAt }: Row, steady: number, most: number): number {
    if (job === null) return 0
    const loose = rows.loose(counters.freshFrom, steady, most)
    return countUntil(loose, most, (one) => one.runAt > runAt)
  }

  return {
    position(id, most, { steady }) {
      const row = find.get(idBytes(id)) as unknown as Row | undefined
      if (!row || first.has(id) || (row.attempt > 0 && row.run_at > steady)) return undefined
      const own =
        row.job === null
          ? rows.loose(counters.freshFrom, steady, most)
          : rows.ofJob(row.job, steady, most)
      const among = countUntil(own, most, ({ seq }) => seq === row.seq)
      return Math.min(most, ofJobs(row, steady) + ofNoJob(row, steady, most) + among)
    },
  }
}

/** `most` if there are more. */
function countUntil(
  tasks: Iterable<Candidate>,
  most: number,
  isReached: (task: Candidate) => boolean,
): number {
  let count = 0
  for (const task of tasks) {
    if (count >= most || isReached(task)) break
    count += 1
  }
  return count
}
