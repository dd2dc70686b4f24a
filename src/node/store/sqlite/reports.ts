/**
 * What workers report on their leases: renew, complete, fail, release. Every change is conditional
 * on the task's state, attempt and worker, so a late report changes nothing.
 */
import type { DatabaseSync } from 'node:sqlite'
import { type PackedReport, unpackResults } from '../../../api/reports.ts'
import { idBytes, idText } from '../../../core/task.ts'
import type { Verdict } from '../task-store.ts'
import type { Attempts } from './attempts.ts'
import type { Bodies } from './bodies.ts'
import type { EndAttempt } from './expiry.ts'
import type { FirstLease, Memory } from './memory.ts'
import type { Engine } from './methods.ts'
import type { OpenJobs } from './open-jobs.ts'
import type { Outputs } from './outputs.ts'
import type { Pauses } from './pauses.ts'
import type { TaskRow } from './rows.ts'
import { stateNumbers as states } from './schema.ts'

type ReportMethods = Pick<Engine, 'renew' | 'complete' | 'fail' | 'release'>

interface Parts {
  memory: Memory
  bodies: Bodies
  outputs: Pick<Outputs, 'drop' | 'write'>
  attempts: Pick<Attempts, 'keep'>
  openJobs: Pick<OpenJobs, 'open'>
  pauses: Pick<Pauses, 'succeeded'>
  /** Persists the task's first lease, if it is only in memory, and reads its row. */
  persistAndFind(id: string): TaskRow | undefined
  endAttempt: EndAttempt
}

interface Ended {
  seq: number
  upload: number | null
  job: number | null
  started_at: number
}

export function reportMethods(
  database: DatabaseSync,
  { memory, bodies, outputs, attempts, openJobs, pauses, persistAndFind, endAttempt }: Parts,
): ReportMethods {
  const sql = (text: string) => database.prepare(text)
  const { counters } = memory
  const mine = `id = ? AND state = ${states.running} AND attempt = ? AND worker = ?`

  const extend = sql(`UPDATE tasks SET lease_until = ? WHERE ${mine}`)
  const succeedFirst = sql(`UPDATE tasks SET state = ${states.succeeded}, done_seq = seq + ?
    WHERE seq BETWEEN ? AND ?`)
  const succeed = sql(`UPDATE tasks SET state = ${states.succeeded}, done_seq = ?,
    lease_until = NULL, error = NULL WHERE ${mine} RETURNING seq, upload, job, started_at`)
  const insertResult = sql(`INSERT INTO results (done_seq, seq, id, attempt, worker,
    started_at, finished_at, result) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`)
  const handBack = sql(`UPDATE tasks SET state = ${states.queued}, lease_until = NULL
    WHERE ${mine} RETURNING job`)

  /** The verdict on a report that changed nothing. It is a repetition if the task is `settled`. */
  function verdictOn(
    worker: string,
    ref: { id: string; attempt: number },
    ...settled: number[]
  ): Verdict {
    const row = persistAndFind(ref.id)
    if (!row || row.attempt !== ref.attempt) return 'lost'
    if (row.worker !== worker) return 'foreign'
    return settled.includes(row.state) ? 'done' : 'lost'
  }

  /** The first lease that this report is about, if the worker holds it. */
  function held(worker: string, id: string, attempt: number): FirstLease | undefined {
    const lease = memory.first.get(id)
    return lease && attempt === 1 && lease.worker === worker ? lease : undefined
  }

  /** Persists that lease. */
  function persist(worker: string, id: string, attempt: number): void {
    const lease = held(worker, id, attempt)
    if (lease) memory.persist(lease)
  }

  /** From this report on, the first leases that the worker holds and whose numbers follow each other. */
  function heldFrom(worker: string, reports: PackedReport[], at: number): FirstLease[] {
    const leases: FirstLease[] = []
    for (let index = at; index < reports.length; index += 1) {
      const { key, attempt } = reports[index] as PackedReport
      const lease = held(worker, idText(key), attempt)
      const previous = leases.at(-1)
      if (!lease || (previous && lease.seq !== previous.seq + 1)) break
      leases.push(lease)
    }
    return leases
  }

  /** In one statement: running it takes longer than what it does for each task. */
  function succeedAll(leases: FirstLease[]): void {
    const from = leases[0]?.seq ?? 0
    succeedFirst.run(counters.nextDone - from, from, from + leases.length - 1)
    for (const lease of leases) memory.remove(lease)
  }

  /** The task has succeeded: its result takes the place of its body. */
  function keep(worker: string, report: PackedReport, ended: Ended, wall: number): void {
    const { key, attempt, result, outputs: bytes } = report
    const { seq, upload, job, started_at } = ended
    const times = [started_at, wall] as const
    insertResult.run(counters.nextDone, seq, key, attempt, worker, ...times, result)
    bodies.drop(seq, upload)
    if (job !== null) {
      outputs.drop({ seq, job }, attempt)
      pauses.succeeded(job)
      if (bytes) outputs.write({ seq, attempt }, 0, bytes)
    }
    counters.nextDone += 1
    counters.running -= 1
    counters.succeeded += 1
    counters.unpulled += 1
  }

  /** An attempt that is in the tables. */
  function completeStored(worker: string, report: PackedReport, wall: number): Verdict {
    const { key, attempt } = report
    const ended = succeed.get(counters.nextDone, key, attempt, worker) as Ended | undefined
    if (!ended) return verdictOn(worker, { id: idText(key), attempt }, states.succeeded)
    keep(worker, report, ended, wall)
    return 'done'
  }

  return {
    renew(worker, attempts, lease, now) {
      const until = Math.floor(now.steady + lease)
      return attempts.map((ref) => {
        persist(worker, ref.id, ref.attempt)
        const changed = extend.run(until, idBytes(ref.id), ref.attempt, worker).changes
        return changed ? 'done' : verdictOn(worker, ref)
      })
    },

    complete(worker, packed, { wall }) {
      const reports = unpackResults(packed)
      const verdicts: Verdict[] = []
      while (verdicts.length < reports.length) {
        const at = verdicts.length
        const leases = heldFrom(worker, reports, at)
        if (leases.length === 0) {
          verdicts.push(completeStored(worker, reports[at] as PackedReport, wall))
          continue
        }
        succeedAll(leases)
        for (const [index, { seq, upload, startedAt }] of leases.entries()) {
          const ended = { seq, upload, job: null, started_at: startedAt }
          keep(worker, reports[at + index] as PackedReport, ended, wall)
          verdicts.push('done')
        }
      }
      return verdicts
    },

    fail(worker, reports, maxAttempts, now) {
      return reports.map((report) => {
        const {
          id,
          attempt,
          error,
          delay,
          final = false,
          lost = false,
          alike,
          ending,
          memory,
        } = report
        const row = persistAndFind(id)
        const isHeld = row?.state === states.running && row.attempt === attempt
        if (!row || !isHeld || row.worker !== worker) {
          return verdictOn(worker, { id, attempt }, states.queued, states.failed)
        }
        const how = { error, final, lost, alike, ending, memory }
        endAttempt(row, { ...how, runAt: now.steady + delay, maxAttempts, wall: now.wall })
        attempts.keep(row, report, now.wall)
        return 'done'
      })
    },

    release(worker, attempts) {
      return attempts.map((ref) => {
        persist(worker, ref.id, ref.attempt)
        const back = handBack.get(idBytes(ref.id), ref.attempt, worker)
        if (!back) return verdictOn(worker, ref, states.queued)
        openJobs.open(back.job as number | null)
        counters.running -= 1
        counters.queued += 1
        return 'done'
      })
    },
  }
}
