/**
 * Which tasks a claim takes: those that never ran in the order in which they came, which is that of
 * their numbers, and between them those that came back, at their time.
 */
import type { DatabaseSync } from 'node:sqlite'
import { packLeases, type StoredLease } from '../../../core/leases.ts'
import { idBytes, idFromHex, workOf } from '../../../core/task.ts'
import type { ClaimRequest } from '../store.ts'
import type { Bodies, BodyPlace } from './bodies.ts'
import type { Memory } from './memory.ts'
import type { Engine } from './methods.ts'
import { stateNumbers as states } from './schema.ts'

/** As arrays, with ids as text: a third of the time of objects with ids as bytes. */
type ClaimRow = [
  seq: number,
  hex: string,
  iterations: number,
  size: number,
  upload: number | null,
  attempt: number,
  runAt: number,
]

interface Chosen {
  seq: number
  id: string
  iterations: number
  size: number
  upload: number | null
  attempt: number
}

const columns = 'seq, lower(hex(id)), iterations, size, upload, attempt, run_at'

export function claimMethod(
  database: DatabaseSync,
  memory: Memory,
  bodies: Bodies,
): Pick<Engine, 'claim' | 'readBody'> {
  const rows = (text: string) => {
    const statement = database.prepare(text)
    statement.setReturnArrays(true)
    return statement
  }
  const { counters } = memory
  const fresh = rows(`SELECT ${columns} FROM tasks
    WHERE seq >= ? AND state = ${states.queued} AND attempt = 0 ORDER BY seq LIMIT ?`)
  const returned = rows(`SELECT ${columns} FROM tasks
    WHERE state = ${states.queued} AND attempt > 0 AND run_at <= ? ORDER BY run_at, seq LIMIT ?`)
  const begin =
    database.prepare(`UPDATE tasks SET state = ${states.running}, attempt = attempt + 1, worker = ?,
    lease_until = ?, started_at = ? WHERE seq = ?`)
  const lose =
    database.prepare(`UPDATE tasks SET state = ${states.failed}, finished_at = ?, error = ?
    WHERE seq = ?`)
  const place = database.prepare('SELECT seq, size, upload FROM tasks WHERE id = ?')

  function candidates(steady: number, max: number): Iterable<ClaimRow> {
    const back = returned.all(steady, max) as unknown as ClaimRow[]
    const first = fresh.iterate(counters.freshFrom, max) as unknown as Iterable<ClaimRow>
    return back.length === 0 ? first : inOrder(back, first)
  }

  function choose({ max, maxWork, maxBytes }: ClaimRequest, steady: number): Chosen[] {
    const chosen: Chosen[] = []
    let work = 0
    let bytes = 0
    for (const [seq, hex, iterations, size, upload, attempt] of candidates(steady, max)) {
      const isFirst = chosen.length === 0
      // A large one comes alone: when its way is cut off, no others are lost with it.
      if (!isFirst && (upload !== null || bytes + size > maxBytes)) return chosen
      if (chosen.length === max) return chosen
      chosen.push({ seq, id: idFromHex(hex), iterations, size, upload, attempt })
      work += workOf({ iterations, size })
      bytes += size
      if (work >= maxWork || upload !== null) return chosen
    }
    return chosen
  }

  /** Where a claim found nothing, the next one need not look: cancelled tasks may lie there. */
  function lookOnFrom(chosen: Chosen[], max: number): void {
    if (chosen.length === 0 && max > 0) counters.freshFrom = counters.nextSeq
  }

  /** Its body can't be read: it has failed, and the queue goes on. */
  function giveUp({ seq }: Chosen, wall: number): void {
    lose.run(wall, 'its body can not be read from the database of its node', seq)
    counters.queued -= 1
    counters.failed += 1
  }

  return {
    claim(request, now) {
      const { worker, lease } = request
      const until = Math.floor(now.steady + lease)
      const chosen = choose(request, now.steady)
      lookOnFrom(chosen, request.max)
      const small = bodies.readAll(chosen.filter(({ upload }) => upload === null))
      const leases = chosen.flatMap((task, index): StoredLease[] => {
        const { seq, id, iterations, size, upload, attempt } = task
        const body = small[index]
        if (upload === null && !body) {
          giveUp(task, now.wall)
          return []
        }
        if (attempt === 0) {
          const times = { begun: now.steady, until, startedAt: now.wall }
          memory.add({ id, seq, iterations, upload, worker, ...times })
          counters.freshFrom = seq + 1
        } else {
          begin.run(worker, until, now.wall, seq)
        }
        const write = body && ((target: Uint8Array) => target.set(body))
        return [{ id, attempt: attempt + 1, iterations, size, ...(write && { write }) }]
      })
      counters.queued -= leases.length
      counters.running += leases.length
      return packLeases(leases)
    },

    readBody(id, from) {
      const row = place.get(idBytes(id)) as unknown as BodyPlace | undefined
      return row ? bodies.readFrom(row, from) : new Uint8Array()
    },
  }
}

/** Both lists as one, by time and then by number. */
function* inOrder(back: ClaimRow[], first: Iterable<ClaimRow>): Generator<ClaimRow> {
  let at = 0
  const before = ([seq, , , , , , runAt]: ClaimRow, other: ClaimRow) =>
    runAt < other[6] || (runAt === other[6] && seq < other[0])
  for (const row of first) {
    for (let next = back[at]; next && before(next, row); next = back[at]) {
      yield next
      at += 1
    }
    yield row
  }
  yield* back.slice(at)
}
