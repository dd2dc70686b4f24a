/**
 * Which tasks a claim takes: those that never ran in the order in which they came, which is that of
 * their numbers, and between them those that came back, at their time.
 */
import type { DatabaseSync } from 'node:sqlite'
import { packLeases, type StoredLease } from '../../../core/leases.ts'
import { idText, workOf } from '../../../core/task.ts'
import type { ClaimRequest } from '../store.ts'
import type { Bodies } from './bodies.ts'
import type { Memory } from './memory.ts'
import type { Engine } from './methods.ts'
import { stateNumbers as states } from './schema.ts'

interface ClaimRow {
  seq: number
  id: Uint8Array
  iterations: number
  size: number
  upload: number | null
  attempt: number
  run_at: number
}

const columns = 'seq, id, iterations, size, upload, attempt, run_at'

export function claimMethod(
  database: DatabaseSync,
  memory: Memory,
  bodies: Bodies,
): Pick<Engine, 'claim'> {
  const sql = (text: string) => database.prepare(text)
  const { counters } = memory
  const fresh = sql(`SELECT ${columns} FROM tasks
    WHERE seq >= ? AND state = ${states.queued} AND attempt = 0 ORDER BY seq LIMIT ?`)
  const returned = sql(`SELECT ${columns} FROM tasks
    WHERE state = ${states.queued} AND attempt > 0 AND run_at <= ? ORDER BY run_at, seq LIMIT ?`)
  const begin = sql(`UPDATE tasks SET state = ${states.running}, attempt = attempt + 1, worker = ?,
    lease_until = ?, started_at = ? WHERE seq = ?`)

  function candidates(steady: number, max: number): Iterable<ClaimRow> {
    const back = returned.all(steady, max) as unknown as ClaimRow[]
    const first = fresh.iterate(counters.freshFrom, max) as unknown as Iterable<ClaimRow>
    return back.length === 0 ? first : inOrder(back, first)
  }

  function choose({ max, maxWork, maxBytes }: ClaimRequest, steady: number): ClaimRow[] {
    const rows: ClaimRow[] = []
    let work = 0
    let bytes = 0
    for (const row of candidates(steady, max)) {
      if (rows.length === max || (rows.length > 0 && bytes + row.size > maxBytes)) break
      rows.push(row)
      work += workOf(row)
      bytes += row.size
      if (work >= maxWork) break
    }
    return rows
  }

  return {
    claim(request, now) {
      const { worker, lease } = request
      const until = Math.floor(now.steady + lease)
      const rows = choose(request, now.steady)
      const writers = bodies.writers(rows)
      const leases = rows.map((row, index): StoredLease => {
        const { seq, iterations, size, upload } = row
        const id = idText(row.id)
        if (row.attempt === 0) {
          const times = { begun: now.steady, until, startedAt: now.wall }
          memory.add({ id, seq, iterations, upload, worker, ...times })
          counters.freshFrom = seq + 1
        } else {
          begin.run(worker, until, now.wall, seq)
        }
        const write = writers[index] as StoredLease['write']
        return { id, attempt: row.attempt + 1, iterations, size, write }
      })
      counters.queued -= leases.length
      counters.running += leases.length
      return packLeases(leases)
    },
  }
}

/** Both lists as one, by time and then by number. */
function* inOrder(back: ClaimRow[], first: Iterable<ClaimRow>): Generator<ClaimRow> {
  let at = 0
  const before = (row: ClaimRow, other: ClaimRow) =>
    row.run_at < other.run_at || (row.run_at === other.run_at && row.seq < other.seq)
  for (const row of first) {
    for (let next = back[at]; next && before(next, row); next = back[at]) {
      yield next
      at += 1
    }
    yield row
  }
  yield* back.slice(at)
}
