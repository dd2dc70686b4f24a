/**
 * Queued tasks in the order in which claims take them: fresh ones, which have never run, in the order
 * of their numbers, merged with returned ones (handed back, failed, expired) by the time from which
 * they may run.
 */
import type { DatabaseSync } from 'node:sqlite'
import { idFromHex } from '../../../core/task.ts'
import { stateNumbers as states } from './schema.ts'

/** Rows as arrays with ids as text take a third of the time of objects with ids as bytes. */
type Row = [
  seq: number,
  hex: string,
  kind: string,
  spec: string,
  cost: number,
  size: number,
  upload: number | null,
  attempt: number,
  runAt: number,
  failures: number,
  grownMemory?: number | null,
]

export interface Candidate {
  seq: number
  id: string
  kind: string
  spec: string
  cost: number
  size: number
  upload: number | null
  attempt: number
  runAt: number
  failures: number
  /** Bytes, if it ran out of what its job says. */
  grownMemory: number | null
}

const columns = 'seq, lower(hex(id)), kind, spec, cost, size, upload, attempt, run_at, failures'
/** Only tasks of jobs have grown. */
const columnsOfJob = `${columns}, grown_memory`
const queued = `state = ${states.queued}`

export function queuedRows(database: DatabaseSync) {
  const rows = (text: string, selected = columns) => {
    const statement = database.prepare(`SELECT ${selected} FROM tasks WHERE ${text}`)
    statement.setReturnArrays(true)
    return {
      all: (...args: number[]) => statement.all(...args) as unknown as Row[],
      iterate: (...args: number[]) => statement.iterate(...args) as unknown as IteratorObject<Row>,
    }
  }
  const fresh = rows(`seq >= ? AND ${queued} AND attempt = 0 AND job IS NULL ORDER BY seq LIMIT ?`)
  const returned = rows(`${queued} AND attempt > 0 AND job IS NULL AND run_at <= ?
    ORDER BY run_at, seq LIMIT ?`)
  const freshOfJob = rows(
    `job = ? AND ${queued} AND attempt = 0 ORDER BY seq LIMIT ?`,
    columnsOfJob,
  )
  const returnedOfJob = rows(
    `job = ? AND ${queued} AND attempt > 0 AND run_at <= ? ORDER BY run_at, seq LIMIT ?`,
    columnsOfJob,
  )

  return {
    /** Those without a job. `from`: no fresh one has a smaller number. */
    loose(from: number, steady: number, max: number): Iterable<Candidate> {
      return merged(returned.all(steady, max), fresh.iterate(from, max))
    },

    ofJob(job: number, steady: number, max: number): Iterable<Candidate> {
      return merged(returnedOfJob.all(job, steady, max), freshOfJob.iterate(job, max))
    },
  }
}

function merged(back: Row[], first: IteratorObject<Row>): Iterable<Candidate> {
  return (back.length === 0 ? first : inOrder(back, first)).map(toCandidate)
}

function toCandidate(row: Row): Candidate {
  const [seq, hex, kind, spec, cost, size, upload, attempt, runAt, failures, grownMemory = null] =
    row
  const id = idFromHex(hex)
  return { seq, id, kind, spec, cost, size, upload, attempt, runAt, failures, grownMemory }
}

/** Its place in a row. */
const runAt = 8

/** Merges both lists by time, then by number. */
function* inOrder(back: Row[], first: Iterable<Row>): Generator<Row> {
  let at = 0
  const before = (one: Row, other: Row) =>
    one[runAt] < other[runAt] || (one[runAt] === other[runAt] && one[0] < other[0])
  for (const row of first) {
    for (let next = back[at]; next && before(next, row); next = back[at]) {
      yield next
      at += 1
    }
    yield row
  }
  yield* back.slice(at)
}
