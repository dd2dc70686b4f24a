/**
 * The jobs that have queued tasks, in memory, and how many each has: a claim looks at each of them. What
 * is in the set by mistake costs one search, after which it leaves. A paused job stays in it, and is kept
 * from claims.
 */
import type { DatabaseSync } from 'node:sqlite'
import type { Resources } from '../../../core/resources.ts'
import type { Pauses } from './pauses.ts'
import { toNeeds } from './rows.ts'
import { stateNumbers as states } from './schema.ts'
import type { Transaction } from './transaction.ts'

export interface OpenJob {
  /** Its number in the database. */
  job: number
  needs: Resources
  /** Until a task has succeeded, one worker at a time runs it. */
  canary: boolean
  /** Its queued tasks, also those that wait to run again. */
  queued: number
}

export type OpenJobs = ReturnType<typeof createOpenJobs>

export function createOpenJobs(
  database: DatabaseSync,
  transaction: Transaction,
  pauses: Pick<Pauses, 'isPaused'>,
) {
  const sql = (text: string) => database.prepare(text)
  const needsOf = sql('SELECT cpus, memory, disk, gpus, canary FROM jobs WHERE job = ?')
  const count = sql(`SELECT count(*) AS n FROM tasks WHERE job = ? AND state = ${states.queued}`)
  const withQueued = sql(`SELECT job FROM jobs WHERE EXISTS
    (SELECT 1 FROM tasks WHERE tasks.job = jobs.job AND state = ${states.queued})`)
  const delayed = sql(`SELECT count(*) AS n FROM tasks
    WHERE job = ? AND state = ${states.queued} AND attempt > 0 AND run_at > ?`)
  const open = new Map<number, OpenJob>()
  let isCounting = false

  const queuedOf = (job: number) => Number(count.get(job)?.n)

  function add(job: number): void {
    const row = needsOf.get(job) as unknown as Required<Resources> & { canary: number }
    const needs = toNeeds(row)
    open.set(job, { job, needs, canary: row.canary === 1, queued: queuedOf(job) })
  }
  for (const { job } of withQueued.all()) add(job as number)

  /** Called before a count changes: a transaction that is rolled back changes it back. */
  function counting(): void {
    if (isCounting) return
    isCounting = true
    transaction.onCommit(() => {
      isCounting = false
    })
    transaction.onRollback(() => {
      isCounting = false
      for (const entry of open.values()) entry.queued = queuedOf(entry.job)
    })
  }

  /** In the order in which they came. */
  function inOrder(isPaused: boolean): OpenJob[] {
    const wanted = [...open.values()].filter(({ job }) => pauses.isPaused(job) === isPaused)
    return wanted.sort((a, b) => a.job - b.job)
  }

  return {
    /** A task of this job has been queued. Does nothing without a job. */
    open(job: number | null): void {
      if (job === null) return
      counting()
      const entry = open.get(job)
      if (entry) entry.queued += 1
      else add(job)
    },

    /** A task of this job is no longer queued. Does nothing without a job. */
    left(job: number | null): void {
      const entry = job === null ? undefined : open.get(job)
      if (!entry) return
      counting()
      entry.queued -= 1
    },

    /** Forgets a job of which a search found nothing, unless it has tasks that wait to run again. */
    closeIfDone(job: OpenJob): void {
      if (job.queued > 0) return
      open.delete(job.job)
      transaction.onRollback(() => open.set(job.job, job))
    },

    /** How many of its tasks may run now, or could if nothing held it. */
    dueOf: ({ job, queued }: OpenJob, steady: number): number =>
      queued - Number(delayed.get(job, steady)?.n),

    isEmpty: () => open.size === 0,

    /** Those that may run. */
    all: () => inOrder(false),
    paused: () => inOrder(true),
  }
}
