/**
 * Small bodies lie in tables of about 16 MiB, in the order of arrival. Most are needed for a moment
 * only, and a table goes as a whole when little in it is needed any more: that writes 400 times less
 * than deleting one row after the other. What is still needed then moves to `bodies`.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { stateNumbers as states } from './schema.ts'

interface Segment {
  /** `seq` of its first body, which names its table, and of its last. */
  first: number
  last: number
  bytes: number
  /** Bodies that are still needed; undefined until they are counted. */
  needed: number | undefined
  insert: StatementSync
  select: StatementSync
  selectRun: StatementSync
}

const maxBytes = 16 * 1024 ** 2
const maxRows = 16_384
/** With so little of it left, what is left moves. */
const fewLeft = 1 / 8
/** And so few in any case: each start begins a new table, however little comes. */
const fewest = 16

const isNeeded = `upload IS NULL AND state IN (${states.queued}, ${states.running}, ${states.failed})`

export function createSegments(database: DatabaseSync) {
  const countNeeded = database.prepare(
    `SELECT count(*) AS n FROM tasks WHERE seq BETWEEN ? AND ? AND ${isNeeded}`,
  )
  const rest = statementsOn(database, 'bodies')
  const deleteFromRest = database.prepare('DELETE FROM bodies WHERE seq = ?')
  let segments = existing(database)
  /** Where new bodies go: a new one after every start. */
  let current: Segment | undefined
  let committed = segments
  /** As they were before the transaction. */
  const touched = new Map<Segment, Pick<Segment, 'last' | 'bytes' | 'needed'>>()

  function touch(segment: Segment): void {
    const { last, bytes, needed } = segment
    if (!touched.has(segment)) touched.set(segment, { last, bytes, needed })
  }

  function open(seq: number): Segment {
    const table = `bodies_${seq}`
    database.exec(`CREATE TABLE ${table} (seq INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT`)
    const statements = statementsOn(database, table)
    const opened = { first: seq, last: seq, bytes: 0, needed: 0, ...statements }
    segments = [...segments, opened]
    return opened
  }

  const holding = (seq: number) => segments.find(({ first, last }) => first <= seq && seq <= last)

  function remove(segment: Segment): void {
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
      touch(current)
      current.insert.run(seq, body)
      current.last = seq
      current.bytes += body.length
      if (current.needed !== undefined) current.needed += 1
    },

    read(seq: number): Uint8Array | undefined {
      const row = (holding(seq) ?? rest).select.get(seq)
      return row?.body as Uint8Array | undefined
    },

    /** The bodies of these neighbours as one piece, if one segment has them all. */
    readRun(first: number, last: number): Uint8Array | undefined {
      const segment = holding(first)
      if (!segment || last > segment.last) return undefined
      return segment.selectRun.get(first, last)?.bodies as Uint8Array | undefined
    },

    /** It is not needed any more: its task has ended, and its row says so already. */
    drop(seq: number): void {
      const segment = holding(seq)
      if (!segment) deleteFromRest.run(seq)
      else if (segment.needed !== undefined) {
        touch(segment)
        segment.needed -= 1
      }
    },

    /** Removes a segment of which little is needed. False when there is none. */
    sweep(): boolean {
      const uncounted = segments.find(({ needed }) => needed === undefined)
      if (uncounted) {
        touch(uncounted)
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

    committed(): void {
      committed = segments
      touched.clear()
    },
    undo(): void {
      segments = committed
      if (current && !segments.includes(current)) current = undefined
      for (const [segment, before] of touched) Object.assign(segment, before)
      touched.clear()
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
    // As text, because only text is concatenated; SQLite does not look at what it is made of.
    selectRun: database.prepare(`SELECT CAST(group_concat(body, '') AS BLOB) AS bodies
      FROM (SELECT body FROM ${table} WHERE seq BETWEEN ? AND ? ORDER BY seq)`),
  }
}
