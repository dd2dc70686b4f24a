/**
 * The part of the engine that workers drive: claim, renew, complete, fail, release, reap. Every
 * change names the task's state, attempt and worker, so that a late report changes nothing.
 */
import type { DatabaseSync } from 'node:sqlite'
import { isExhausted } from '../../../core/retry.ts'
import { type Lease, workOf } from '../../../core/task.ts'
import type { AttemptRef, Reaped, Verdict } from '../store.ts'
import type { Counters } from './counters.ts'
import type { Engine } from './methods.ts'
import { fromBlob, type TaskRow, taskColumns, toBlob } from './rows.ts'
import { stateNumbers as states } from './schema.ts'

type AttemptMethods = Pick<Engine, 'claim' | 'renew' | 'complete' | 'fail' | 'release' | 'reap'>

interface Lookup {
  find(id: string): TaskRow | undefined
  bodyOf(seq: number): Uint8Array<ArrayBuffer> | undefined
}

const maxErrorLength = 2000

export function attemptMethods(
  database: DatabaseSync,
  counters: Counters,
  { find, bodyOf }: Lookup,
): AttemptMethods {
  const sql = (text: string) => database.prepare(text)
  const mine = `id = ? AND state = ${states.running} AND attempt = ? AND worker = ?`

  const due = sql(`SELECT ${taskColumns} FROM tasks
    WHERE state = ${states.queued} AND run_at <= ? ORDER BY run_at, seq LIMIT ?`)
  const begin = sql(`UPDATE tasks SET state = ${states.running}, attempt = attempt + 1, worker = ?,
    lease_until = ?, started_at = ? WHERE seq = ?`)
  const extend = sql(`UPDATE tasks SET lease_until = ? WHERE ${mine}`)
  const succeed = sql(`UPDATE tasks SET state = ${states.succeeded}, result = ?, finished_at = ?,
    done_seq = ?, lease_until = NULL, error = NULL WHERE ${mine} RETURNING seq`)
  const dropBody = sql('DELETE FROM bodies WHERE seq = ?')
  const requeue = sql(`UPDATE tasks SET state = ${states.queued}, failures = ?, run_at = ?,
    error = ?, lease_until = NULL WHERE seq = ?`)
  const giveUp = sql(`UPDATE tasks SET state = ${states.failed}, failures = ?, finished_at = ?,
    error = ?, lease_until = NULL WHERE seq = ?`)
  const handBack = sql(`UPDATE tasks SET state = ${states.queued}, lease_until = NULL
    WHERE ${mine}`)
  const expired = sql(`SELECT ${taskColumns} FROM tasks
    WHERE state = ${states.running} AND lease_until <= ? ORDER BY lease_until LIMIT 1000`)

  /** What to say of a report that changed nothing: `settled` are the states it could have led to. */
  function verdictOn(worker: string, ref: AttemptRef, ...settled: number[]): Verdict {
    const row = find(ref.id)
    if (!row || row.attempt !== ref.attempt) return 'lost'
    if (row.worker !== worker) return 'foreign'
    return settled.includes(row.state) ? 'done' : 'lost'
  }

  /** One failed attempt: queued again from `runAt` on, or failed for good. */
  function endAttempt(
    row: TaskRow,
    end: { error: string; runAt: number; maxAttempts: number; wall: number },
  ): 'queued' | 'failed' {
    const failures = row.failures + 1
    const error = end.error.slice(0, maxErrorLength)
    counters.running -= 1
    if (isExhausted(failures, end.maxAttempts)) {
      giveUp.run(
        failures,
        end.wall,
        `${error} (${failures} failed attempt${failures === 1 ? '' : 's'})`,
        row.seq,
      )
      counters.failed += 1
      return 'failed'
    }
    requeue.run(failures, Math.floor(end.runAt), error, row.seq)
    counters.queued += 1
    return 'queued'
  }

  return {
    claim({ worker, max, maxWork, maxBytes, lease }, now) {
      const until = Math.floor(now.steady + lease)
      const leases: Lease[] = []
      let work = 0
      let bytes = 0
      const rows: TaskRow[] = []
      for (const row of due.iterate(now.steady, max) as unknown as Iterable<TaskRow>) {
        if (rows.length > 0 && bytes + row.size > maxBytes) break
        rows.push(row)
        work += workOf(row)
        bytes += row.size
        if (work >= maxWork) break
      }
      for (const row of rows) {
        begin.run(worker, until, now.wall, row.seq)
        const body = bodyOf(row.seq)
        if (!body) throw new Error(`task ${row.seq} has no body`)
        const { iterations } = row
        leases.push({ id: fromBlob(row.id), attempt: row.attempt + 1, iterations, body })
      }
      counters.queued -= rows.length
      counters.running += rows.length
      return leases
    },

    renew(worker, attempts, lease, now) {
      const until = Math.floor(now.steady + lease)
      return attempts.map((ref) => {
        const changed = extend.run(until, toBlob(ref.id), ref.attempt, worker).changes
        return changed ? 'done' : verdictOn(worker, ref)
      })
    },

    complete(worker, reports, now) {
      return reports.map(({ id, attempt, result }) => {
        const done = counters.nextDone
        const row = succeed.get(result, now.wall, done, toBlob(id), attempt, worker)
        if (!row) return verdictOn(worker, { id, attempt }, states.succeeded)
        dropBody.run(row.seq as number)
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
        const held = row?.state === states.running && row.attempt === attempt
        if (!row || !held || row.worker !== worker) {
          return verdictOn(worker, { id, attempt }, states.queued, states.failed)
        }
        endAttempt(row, { error, runAt: now.steady + delay, maxAttempts, wall: now.wall })
        return 'done'
      })
    },

    release(worker, attempts) {
      return attempts.map((ref) => {
        const changed = handBack.run(toBlob(ref.id), ref.attempt, worker).changes
        if (!changed) return verdictOn(worker, ref, states.queued)
        counters.running -= 1
        counters.queued += 1
        return 'done'
      })
    },

    reap(maxAttempts, now) {
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
