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
import { toNeeds } from './rows.ts'
import { stateNumbers as states } from './schema.ts'

/** As many say enough, and cost a millisecond. */
const mostEnded = 200
const mostRunning = 2000
const mostCosts = 100
/** What comes after them is looked at in its turn. */
const mostJobs = 50
/** For so long what has ended is not looked up again. */
const freshMs = 2000

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
  const selectNeeds = sql('SELECT cpus, memory, disk, gpus FROM jobs WHERE job = ?')
  const selectEarlier = sql(`SELECT earlier.job FROM jobs AS earlier, jobs AS this
    WHERE this.job = ? AND earlier.job < this.job AND this.definition ->> 'line' <> ''
    AND earlier.definition ->> 'line' = this.definition ->> 'line'
    ORDER BY earlier.job DESC LIMIT 1`)
  /** Of each job: it does not change. */
  const earlier = new Map<number, number | undefined>()

  /** By job. */
  const looked = new Map<number, { at: number; ended: EndedAttempt[] }>()

  function endedOf(job: number, steady: number): EndedAttempt[] {
    const before = looked.get(job)
    if (before && before.ended.length > 0 && steady - before.at < freshMs) return before.ended
    const ended = selectEnded.all(job) as unknown as EndedAttempt[]
    looked.set(job, { at: steady, ended })
    return ended
  }

  function endedBefore(job: number, steady: number): EndedAttempt[] {
    if (!earlier.has(job)) earlier.set(job, selectEarlier.get(job)?.job as number | undefined)
    const before = earlier.get(job)
    return before === undefined ? [] : endedOf(before, steady)
  }

  function seen(
    { job, waiting, steady }: { job: number; waiting: number; steady: number },
    running: SeenAttempt[],
  ): SeenJob {
    const ended = endedOf(job, steady)
    const before = ended.length === 0 ? endedBefore(job, steady) : []
    const row = selectNeeds.get(job) as unknown as Required<Resources> | undefined
    return { needs: row ? toNeeds(row) : oneCpu, waiting, ended, running, before }
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
      const all = new Set([...byJob.keys(), ...open.keys()].filter((job) => job !== null))
      const jobs = [...all].sort((a, b) => a - b).slice(0, mostJobs)
      for (const job of looked.keys()) if (!all.has(job)) looked.delete(job)
      return {
        jobs: jobs.map((job) => {
          const runs = (byJob.get(job) ?? []).map(({ worker, startedAt }) => ({
            worker,
            startedAt,
          }))
          const one = open.get(job)
          // What a worker tries first counts for one, and for none while it does.
          const most = one && canary.isUntried(one) ? Math.max(0, 1 - runs.length) : Infinity
          const waiting = one ? openJobs.dueOf(one, steady) : 0
          return seen({ job, waiting: Math.min(most, waiting), steady }, runs)
        }),
        loose: {
          running: first.size + (byJob.get(null)?.length ?? 0),
          cost: costOfNext(steady),
        },
      }
    },
  }
}
