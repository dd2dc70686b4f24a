/**
 * Small bodies lie in tables of about 16 MiB, in the order of arrival. Most are needed only for a
 * moment, so a table is dropped as a whole when few of its bodies are needed, which writes 400
 * times less than deleting row after row. These few move to the table `bodies`.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { stateNumbers as states } from './schema.ts'
import type { Transaction } from './transaction.ts'

interface Segment {
  /** `seq` of its first body, which names its table, and of its last. */
  first: number
  last: number
  bytes: number
  /** Bodies that are still needed; undefined until counted. */
  needed: number | undefined
  insert: StatementSync
  select: StatementSync
  selectRun: StatementSync
}

const maxBytes = 16 * 1024 ** 2
const maxRows = 16_384
/** A table is dropped when at most this share of its bodies is needed, */
const fewLeft = 1 / 8
/** or at most this number: each start begins a new table, however few bodies it gets. */
const fewest = 16

const isNeeded = `upload IS NULL AND state IN (${states.queued}, ${states.running}, ${states.failed})`

export function createSegments(database: DatabaseSync, transaction: Transaction) {
  const countNeeded = database.prepare(
    `SELECT count(*) AS n FROM tasks WHERE seq BETWEEN ? AND ? AND ${isNeeded}`,
  )
  const rest = statementsOn(database, 'bodies')
  const deleteFromRest = database.prepare('DELETE FROM bodies WHERE seq = ?')
  let segments = existing(database)
  /** The segment that takes new bodies; every start begins a new one. */
  let current: Segment | undefined

  /**
   * Puts the list, and the segment that is being filled, back if the transaction is rolled back.
   */
  function listChanges(): void {
    const before = { segments, current }
    transaction.onRollback(() => {
      segments = before.segments
      current = before.current
    })
  }

  /** Those whose numbers have changed in the open transaction. */
  const changed = new Set<Segment>()
  transaction.onBegin(() => changed.clear())

  /** The same for a segment whose numbers are about to change. */
  function changes(segment: Segment): void {
    if (changed.has(segment)) return
    changed.add(segment)
    const { last, bytes, needed } = segment
    transaction.onRollback(() => Object.assign(segment, { last, bytes, needed }))
  }

  function open(seq: number): Segment {
    listChanges()
    const table = `bodies_${seq}`
    database.exec(`CREATE TABLE ${table} (seq INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT`)
    const statements = statementsOn(database, table)
    const opened = { first: seq, last: seq, bytes: 0, needed: 0, ...statements }
    segments = [...segments, opened]
    return opened
  }

  const holding = (seq: number) => segments.find(({ first, last }) => first <= seq && seq <= last)

  function remove(segment: Segment): void {
    listChanges()
    const { first, last } = segment
    database.exec(`INSERT INTO bodies SELECT seq, body FROM bodies_${first} WHERE seq IN
      (SELECT seq FROM tasks WHERE seq BETWEEN ${first} AND ${last} AND ${isNeeded})`)
    database.exec(`DROP TABLE bodies_${first}`)
    segments = segments.filter((one) => one !== segment)
  }

  return {
    insert(seq: number, body: Uint8Array): void {
      const isFull = current && (current.bytes >= maxBytes || seq - current.first >= maxRows)
      if (!current || isFull) current = open(seq)
      changes(current)
      current.insert.run(seq, body)
      current.last = seq
      current.bytes += body.length
      if (current.needed !== undefined) current.needed += 1
    },

    read(seq: number): Uint8Array | undefined {
      const row = (holding(seq) ?? rest).select.get(seq)
      return row?.body as Uint8Array | undefined
    },

    /** The bodies with these consecutive numbers as one piece, if one segment has them all. */
    readRun(first: number, last: number): Uint8Array | undefined {
      const segment = holding(first)
      if (!segment || last > segment.last) return undefined
      return segment.selectRun.get(first, last)?.bodies as Uint8Array | undefined
    },

    /** Not needed any more: the task has ended, and its row says so already. */
    drop(seq: number): void {
      const segment = holding(seq)
      if (!segment) deleteFromRest.run(seq)
      else if (segment.needed !== undefined) {
        changes(segment)
        segment.needed -= 1
      }
    },

    /** Counts or removes one segment. False if there was nothing to do. */
    reclaim(): boolean {
      const uncounted = segments.find(({ needed }) => needed === undefined)
      if (uncounted) {
        changes(uncounted)
        uncounted.needed = Number(countNeeded.get(uncounted.first, uncounted.last)?.n)
        return true
      }
      const old = segments.find((segment) => {
        const few = Math.max(fewest, (segment.last - segment.first + 1) * fewLeft)
        return segment !== current && Number(segment.needed) <= few
      })
      if (old) remove(old)
      return old !== undefined
    },
  }
}

function existing(database: DatabaseSync): Segment[] {
  const tables = database
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name GLOB 'bodies_[0-9]*'")
    .all()
  const segments = tables.map(({ name }): Segment => {
    const first = Number(String(name).slice('bodies_'.length))
    const last = Number(database.prepare(`SELECT max(seq) AS n FROM ${name}`).get()?.n ?? first)
    const statements = statementsOn(database, String(name))
    return { first, last, bytes: 0, needed: undefined, ...statements }
  })
  return segments.sort((a, b) => a.first - b.first)
}

function statementsOn(database: DatabaseSync, table: string) {
  return {
    insert: database.prepare(`INSERT INTO ${table} (seq, body) VALUES (?, ?)`),
    select: database.prepare(`SELECT body FROM ${table} WHERE seq = ?`),
    // As text, because only text can be concatenated; SQLite does not check what is in it.
    selectRun: database.prepare(`SELECT CAST(group_concat(body, '') AS BLOB) AS bodies
      FROM (SELECT body FROM ${table} WHERE seq BETWEEN ? AND ? ORDER BY seq)`),
  }
}
