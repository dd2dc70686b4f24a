/**
 * What workers say of their leases: renew, complete, fail, release. Every change names the task's
 * state, attempt and worker, so that a late report changes nothing.
 */
import type { DatabaseSync } from 'node:sqlite'
import { type PackedReport, unpackResults } from '../../../core/reports.ts'
import { idBytes, idText } from '../../../core/task.ts'
import type { Verdict } from '../store.ts'
import type { Bodies } from './bodies.ts'
import type { EndAttempt } from './expiry.ts'
import type { FirstLease, Memory } from './memory.ts'
import type { Engine } from './methods.ts'
import type { TaskRow } from './rows.ts'
import { stateNumbers as states } from './schema.ts'

type ReportMethods = Pick<Engine, 'renew' | 'complete' | 'fail' | 'release'>

interface Parts {
  memory: Memory
  bodies: Bodies
  /** The task's row, with its lease on disk. */
  find(id: string): TaskRow | undefined
  endAttempt: EndAttempt
}

interface Ended {
  seq: number
  iterations: number
  upload: number | null
  started_at: number
}

export function reportMethods(
  database: DatabaseSync,
  { memory, bodies, find, endAttempt }: Parts,
): ReportMethods {
  const sql = (text: string) => database.prepare(text)
  const { counters } = memory
  const mine = `id = ? AND state = ${states.running} AND attempt = ? AND worker = ?`

  const extend = sql(`UPDATE tasks SET lease_until = ? WHERE ${mine}`)
  const succeedFirst = sql(`UPDATE tasks SET state = ${states.succeeded}, done_seq = ?
    WHERE seq = ?`)
  const succeed = sql(`UPDATE tasks SET state = ${states.succeeded}, done_seq = ?,
    lease_until = NULL, error = NULL WHERE ${mine} RETURNING seq, iterations, upload, started_at`)
  const insertResult = sql(`INSERT INTO results (done_seq, seq, id, iterations, attempt, worker,
    started_at, finished_at, result) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`)
  const handBack = sql(`UPDATE tasks SET state = ${states.queued}, lease_until = NULL
    WHERE ${mine}`)

  /** What to say of a report that changed nothing: `settled` are the states it could have led to. */
  function verdictOn(
    worker: string,
    ref: { id: string; attempt: number },
    ...settled: number[]
  ): Verdict {
    const row = find(ref.id)
    if (!row || row.attempt !== ref.attempt) return 'lost'
    if (row.worker !== worker) return 'foreign'
    return settled.includes(row.state) ? 'done' : 'lost'
  }

  /** The first lease of a task, if it is what this report is about. */
  function held(worker: string, id: string, attempt: number): FirstLease | undefined {
    const lease = memory.first.get(id)
    return lease && attempt === 1 && lease.worker === worker ? lease : undefined
  }

  /** The lease of this report on disk, if it is this worker's own. */
  function keep(worker: string, id: string, attempt: number): void {
    const lease = held(worker, id, attempt)
    if (lease) memory.keep(lease)
  }

  /** Ends the attempt, if the worker holds it. */
  function end(worker: string, id: string, { key, attempt }: PackedReport): Ended | undefined {
    const lease = held(worker, id, attempt)
    if (!lease) {
      const row = succeed.get(counters.nextDone, key, attempt, worker)
      return row as Ended | undefined
    }
    succeedFirst.run(counters.nextDone, lease.seq)
    memory.remove(lease)
    return { ...lease, started_at: lease.startedAt }
  }

  return {
    renew(worker, attempts, lease, now) {
      const until = Math.floor(now.steady + lease)
      return attempts.map((ref) => {
        keep(worker, ref.id, ref.attempt)
        const changed = extend.run(until, idBytes(ref.id), ref.attempt, worker).changes
        return changed ? 'done' : verdictOn(worker, ref)
      })
    },

    complete(worker, packed, now) {
      return unpackResults(packed).map((report) => {
        const { key, attempt, result } = report
        const id = idText(key)
        const ended = end(worker, id, report)
        if (!ended) return verdictOn(worker, { id, attempt }, states.succeeded)
        const { seq, iterations, upload, started_at } = ended
        const times = [started_at, now.wall] as const
        insertResult.run(counters.nextDone, seq, key, iterations, attempt, worker, ...times, result)
        bodies.drop(seq, upload)
        counters.nextDone += 1
        counters.running -= 1
        counters.succeeded += 1
        counters.unpulled += 1
        return 'done'
      })
    },

    fail(worker, reports, maxAttempts, now) {
      return reports.map(({ id, attempt, error, delay }) => {
        const row = find(id)
        const isHeld = row?.state === states.running && row.attempt === attempt
        if (!row || !isHeld || row.worker !== worker) {
          return verdictOn(worker, { id, attempt }, states.queued, states.failed)
        }
        endAttempt(row, { error, runAt: now.steady + delay, maxAttempts, wall: now.wall })
        return 'done'
      })
    },

    release(worker, attempts) {
      return attempts.map((ref) => {
        keep(worker, ref.id, ref.attempt)
        const changed = handBack.run(idBytes(ref.id), ref.attempt, worker).changes
        if (!changed) return verdictOn(worker, ref, states.queued)
        counters.running -= 1
        counters.queued += 1
        return 'done'
      })
    },
  }
}
