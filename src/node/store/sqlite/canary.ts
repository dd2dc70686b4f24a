/**
 * A job that wants it runs on one worker at a time until a task has succeeded: its canary. Who that is,
 * the leases say: when the worker has none any more, or they have expired, any other may take its place.
 */
import type { DatabaseSync } from 'node:sqlite'
import type { OpenJob } from './open-jobs.ts'
import type { Pauses } from './pauses.ts'
import { stateNumbers as states } from './schema.ts'

export type Canary = ReturnType<typeof createCanary>

export function createCanary(database: DatabaseSync, pauses: Pick<Pauses, 'isProven'>) {
  const running = `SELECT 1 FROM tasks WHERE job = ? AND state = ${states.running}`
  const anyRuns = database.prepare(`${running} LIMIT 1`)
  const anotherRuns = database.prepare(`${running} AND worker <> ? LIMIT 1`)

  const isUntried = ({ job, canary }: OpenJob) => canary && !pauses.isProven(job)

  return {
    /** No task has succeeded yet: one worker tries it. */
    isUntried,
    /** Another worker tries it. */
    keepsFrom: (job: OpenJob, worker: string): boolean =>
      isUntried(job) && anotherRuns.get(job.job, worker) !== undefined,
    /** A worker tries it: what is queued waits for its success. */
    isBeingTried: (job: OpenJob): boolean => isUntried(job) && anyRuns.get(job.job) !== undefined,
  }
}
