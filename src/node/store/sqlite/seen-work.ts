/** What says how much work there is: which tasks wait and run, and how long tasks like them have taken. */
import type { DatabaseSync } from 'node:sqlite'
import { oneCpu, type Resources } from '../../../core/resources.ts'
import type { EndedAttempt, SeenAttempt } from '../../../core/scaling/evidence.ts'
import type { SeenJob } from '../task-store.ts'
import type { Canary } from './canary.ts'
import type { Memory } from './memory.ts'
import type { Engine } from './methods.ts'
import type { OpenJobs } from './open-jobs.ts'
import { queuedRows } from './queued-rows.ts'
import { stateNumbers as states } from './schema.ts'

/** As many say enough, and cost a millisecond. */
const mostEnded = 200
const mostRunning = 2000
const mostCosts = 100

type Running = SeenAttempt & { job: number | null }

export function workMethod(
  database: DatabaseSync,
  { counters, first }: Memory,
  { openJobs, canary }: { openJobs: OpenJobs; canary: Canary },
): Pick<Engine, 'work'> {
  const sql = (text: string) => database.prepare(text)
  const rows = queuedRows(database)
  const selectRunning = sql(`SELECT job, worker, started_at AS startedAt FROM tasks
    WHERE state = ${states.running} ORDER BY lease_until LIMIT ${mostRunning}`)
  const selectEnded = sql(`SELECT results.worker, results.started_at AS startedAt,
    results.finished_at AS endedAt FROM tasks JOIN results USING (done_seq)
    WHERE tasks.job = ? AND tasks.state = ${states.succeeded}
    ORDER BY tasks.seq DESC LIMIT ${mostEnded}`)
  const selectNeeds = sql('SELECT cpus, memory, disk FROM jobs WHERE job = ?')
  const selectEarlier = sql(`SELECT earlier.job FROM jobs AS earlier, jobs AS this
    WHERE this.job = ? AND earlier.job < this.job AND this.definition ->> 'line' <> ''
    AND earlier.definition ->> 'line' = this.definition ->> 'line'
    ORDER BY earlier.job DESC LIMIT 1`)
  /** Of each job: it does not change. */
  const earlier = new Map<number, number | undefined>()

  const endedOf = (job: number) => selectEnded.all(job) as unknown as EndedAttempt[]

  function endedBefore(job: number): EndedAttempt[] {
    if (!earlier.has(job)) earlier.set(job, selectEarlier.get(job)?.job as number | undefined)
    const before = earlier.get(job)
    return before === undefined ? [] : endedOf(before)
  }

  function seen(job: number, waiting: number, running: SeenAttempt[]): SeenJob {
    const ended = endedOf(job)
    const before = ended.length === 0 ? endedBefore(job) : []
    const needs = (selectNeeds.get(job) as unknown as Resources | undefined) ?? oneCpu
    return { needs: { ...needs }, waiting, ended, running, before }
  }

  function costOfNext(steady: number): number {
    const next = [...rows.loose(counters.freshFrom, steady, mostCosts)].slice(0, mostCosts)
    return next.reduce((sum, { cost }) => sum + cost, 0) / Math.max(1, next.length)
  }

  return {
    work({ steady }) {
      const running = selectRunning.all() as unknown as Running[]
      const byJob = Map.groupBy(running, ({ job }) => job)
      const queued = openJobs.all().filter((one) => one.queued > 0)
      const open = new Map(queued.map((one) => [one.job, one]))
      const jobs = new Set([...open.keys(), ...byJob.keys()].filter((job) => job !== null))
      return {
        jobs: [...jobs].map((job) => {
          const runs = (byJob.get(job) ?? []).map(({ worker, startedAt }) => ({
            worker,
            startedAt,
          }))
          const one = open.get(job)
          // What a worker tries first counts for one, and for none while it does.
          const most = one && canary.isUntried(one) ? Math.max(0, 1 - runs.length) : Infinity
          const waiting = one ? openJobs.dueOf(one, steady) : 0
          return seen(job, Math.min(most, waiting), runs)
        }),
        loose: {
          running: first.size + (byJob.get(null)?.length ?? 0),
          cost: costOfNext(steady),
        },
      }
    },
  }
}
