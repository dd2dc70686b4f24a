/**
 * Bodies: small ones in segments, large ones in parts of 1 MiB. A large body is stored before its
 * task and removed after it, part by part, so that no other call waits for all of it.
 */
import type { DatabaseSync } from 'node:sqlite'
import { concat } from '../../../api/frames.ts'
import type { AcceptedTask } from '../../../core/task.ts'
import { createSegments } from './segments.ts'
import type { Transaction } from './transaction.ts'

export const partBytes = 1024 ** 2

export interface BodyPlace {
  seq: number
  size: number
  upload: number | null
}

export type Bodies = ReturnType<typeof createBodies>

/** A large body whose parts are being stored. */
interface Upload {
  number: number
  parts: number
}

export function createBodies(database: DatabaseSync, transaction: Transaction) {
  const sql = (text: string) => database.prepare(text)
  const segments = createSegments(database, transaction)
  const insertPart = sql('INSERT INTO parts (upload, part, bytes) VALUES (?, ?, ?)')
  const selectPart = sql('SELECT bytes FROM parts WHERE upload = ? AND part = ?')
  const removePart = sql('DELETE FROM parts WHERE upload = ? AND part = ?')
  const lastPart = sql('SELECT max(part) AS last FROM parts WHERE upload = ?')
  const letGo = sql('UPDATE tasks SET upload = NULL WHERE seq = ?')
  let next = firstFree(database)
  const uploads = new Map<string, Upload>()
  /** Uploads whose parts are to be removed. */
  const dropped = new Set(orphans(database))

  function setUpload(id: string, upload: Upload | undefined): void {
    const before = uploads.get(id)
    transaction.onRollback(() => (before ? uploads.set(id, before) : uploads.delete(id)))
    if (upload) uploads.set(id, upload)
    else uploads.delete(id)
  }

  /** Stores the next part of a large body. False if all parts are stored. */
  function storePart({ id, body }: AcceptedTask): boolean {
    const upload = uploads.get(id) ?? { number: next, parts: 0 }
    const start = upload.parts * partBytes
    if (start >= body.length) return false
    if (upload.parts === 0) next += 1
    insertPart.run(upload.number, upload.parts, body.subarray(start, start + partBytes))
    setUpload(id, { ...upload, parts: upload.parts + 1 })
    return true
  }

  function part(upload: number, number: number): Uint8Array {
    const row = selectPart.get(upload, number)
    if (!row) throw new Error(`part ${number} of body ${upload} is missing`)
    return row.bytes as Uint8Array
  }

  /** One row with all bodies costs a third of one row each. Undefined for a missing body. */
  function readRun(run: BodyPlace[]): (Uint8Array | undefined)[] {
    const all = segments.readRun((run[0] as BodyPlace).seq, (run.at(-1) as BodyPlace).seq)
    const size = run.reduce((sum, one) => sum + one.size, 0)
    if (all?.length !== size) return run.map(readOne)
    let at = 0
    return run.map((one) => {
      at += one.size
      return all.subarray(at - one.size, at)
    })
  }

  function readOne({ seq, size }: BodyPlace): Uint8Array | undefined {
    const body = segments.read(seq)
    return body?.length === size ? body : undefined
  }

  return {
    storePart,

    /** The number of the upload that holds the body of a new task; null for a small body. */
    uploadOf(task: AcceptedTask): number | null {
      if (!isLarge(task)) return null
      while (storePart(task)) {}
      const { number } = uploads.get(task.id) as Upload
      setUpload(task.id, undefined)
      return number
    },
    /** Drops an upload that no task needs, because the task was known. */
    abandon(upload: number | null): void {
      if (upload !== null) transaction.onCommit(() => dropped.add(upload))
    },
    /** Drops the parts of a body whose task was not stored. */
    forget(task: AcceptedTask): void {
      const upload = uploads.get(task.id)
      if (upload) dropped.add(upload.number)
      uploads.delete(task.id)
    },

    store: segments.insert,

    read({ seq, upload, size }: BodyPlace): Uint8Array | undefined {
      if (upload === null) return segments.read(seq)
      const count = Math.ceil(size / partBytes)
      return concat(Array.from({ length: count }, (_, number) => part(upload, number)))
    },
    /** Small bodies, read together. */
    readAll: (places: BodyPlace[]) => runsOf(places).flatMap(readRun),

    /** From this byte of a large body to the end of its part. */
    readFrom({ upload, size }: BodyPlace, from: number): Uint8Array<ArrayBuffer> {
      if (upload === null || from >= size) return new Uint8Array()
      const bytes = part(upload, Math.floor(from / partBytes))
      return new Uint8Array(bytes.subarray(from % partBytes))
    },

    drop(seq: number, upload: number | null): void {
      if (upload === null) segments.drop(seq)
      else {
        letGo.run(seq)
        transaction.onCommit(() => dropped.add(upload))
      }
    },
    /** Removes some of what was dropped. False if there was nothing. */
    reclaim(): boolean {
      const [upload] = dropped
      if (upload === undefined) return segments.reclaim()
      const last = lastPart.get(upload)?.last as number | null
      if (last === null) transaction.onCommit(() => dropped.delete(upload))
      else removePart.run(upload, last)
      return true
    },
  }
}

/** Groups places with consecutive numbers. */
function runsOf(places: BodyPlace[]): BodyPlace[][] {
  const runs: BodyPlace[][] = []
  let next: number | undefined
  for (const place of places) {
    if (place.seq === next) runs.at(-1)?.push(place)
    else runs.push([place])
    next = place.seq + 1
  }
  return runs
}

/** Also called for unchecked tasks, whose body may be missing. */
export function isLarge({ body }: AcceptedTask): boolean {
  return body?.length > partBytes
}

function firstFree(database: DatabaseSync): number {
  const row = database
    .prepare(`SELECT max(ifnull((SELECT max(upload) FROM parts), 0),
      ifnull((SELECT max(upload) FROM tasks WHERE upload IS NOT NULL), 0)) + 1 AS n`)
    .get()
  return Number(row?.n)
}

/** Uploads that a killed node had begun to store or to remove. */
function orphans(database: DatabaseSync): number[] {
  const rows = database.prepare(`SELECT DISTINCT upload FROM parts
    WHERE NOT EXISTS (SELECT 1 FROM tasks WHERE tasks.upload = parts.upload)`)
  return rows.all().map(({ upload }) => upload as number)
}
