/** Shared files in parts, by their hash, and which job needs which. */
import type { DatabaseSync } from 'node:sqlite'
import type { Moment } from '../../../core/clock.ts'
import { TmError } from '../../../core/errors.ts'
import { type SharedContent, sharedPartBytes, sharedParts } from '../../../kinds/command/shared.ts'
import { keepUnusedMs, type SharedStore } from '../shared-store.ts'
import type { Engine } from './methods.ts'

interface SharedRow {
  shared: number
  size: number
  verified: number
}

export type Shared = ReturnType<typeof createShared>

export function createShared(database: DatabaseSync) {
  const sql = (text: string) => database.prepare(text)
  const byHash = sql('SELECT shared, size, verified FROM shared WHERE sha256 = ?')
  const insert = sql('INSERT INTO shared (sha256, size, used_at) VALUES (?, ?, ?)')
  const touch = sql('UPDATE shared SET used_at = ? WHERE shared = ?')
  const verify = sql('UPDATE shared SET verified = 1 WHERE shared = ?')
  const partsOf = sql('SELECT part FROM shared_parts WHERE shared = ?')
  const insertPart = sql(
    'INSERT OR REPLACE INTO shared_parts (shared, part, bytes) VALUES (?, ?, ?)',
  )
  const selectPart = sql('SELECT bytes FROM shared_parts WHERE shared = ? AND part = ?')
  const assignOne = sql('INSERT OR IGNORE INTO shared_of_jobs (job, shared) VALUES (?, ?)')

  // What is dropped loses its hash, so that nobody finds it, and then its parts one by one.
  const drop = sql('UPDATE shared SET sha256 = NULL WHERE shared = ?')
  const dropUnused = sql(`UPDATE shared SET sha256 = NULL WHERE used_at <= ? AND sha256 IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM shared_of_jobs WHERE shared_of_jobs.shared = shared.shared)`)
  const dropped = sql('SELECT shared FROM shared WHERE sha256 IS NULL LIMIT 1')
  const lastPart = sql('SELECT max(part) AS last FROM shared_parts WHERE shared = ?')
  const removePart = sql('DELETE FROM shared_parts WHERE shared = ? AND part = ?')
  const remove = sql('DELETE FROM shared WHERE shared = ?')

  const find = (sha256: string) => byHash.get(Buffer.from(sha256, 'hex')) as SharedRow | undefined

  /** Of this size. What has another one is dropped, unless it is known to be right. */
  function findOrInsert({ sha256, size }: SharedContent, now: Moment): SharedRow {
    const row = find(sha256)
    if (row?.size === size) return row
    if (row?.verified) throw new TmError('conflict', `${sha256} has ${row.size} bytes, not ${size}`)
    if (row) drop.run(row.shared)
    const { lastInsertRowid } = insert.run(Buffer.from(sha256, 'hex'), size, now.wall)
    return { shared: Number(lastInsertRowid), size, verified: 0 }
  }

  const methods: Pick<Engine, keyof SharedStore> = {
    openShared(content, now) {
      const { shared, size, verified } = findOrInsert(content, now)
      touch.run(now.wall, shared)
      if (verified) return { verified: true, missing: [] }
      const there = new Set(partsOf.all(shared).map(({ part }) => part as number))
      const all = Array.from({ length: sharedParts(size) }, (_, part) => part)
      return { verified: false, missing: all.filter((part) => !there.has(part)) }
    },

    writeShared(sha256, part, bytes, now) {
      const row = find(sha256)
      if (!row) throw new TmError('not_found', `This node does not expect ${sha256}`)
      const length = Math.min(sharedPartBytes, row.size - part * sharedPartBytes)
      if (bytes.length !== length) {
        const wanted = length > 0 ? `has ${length} bytes, not ${bytes.length}` : 'does not exist'
        throw new TmError('conflict', `Part ${part} of ${row.size} bytes ${wanted}`)
      }
      if (row.verified) return
      insertPart.run(row.shared, part, bytes)
      touch.run(now.wall, row.shared)
    },

    readShared(sha256, part, unverified = false) {
      const row = find(sha256)
      if (!row || !(row.verified || unverified)) return undefined
      return selectPart.get(row.shared, part)?.bytes as Uint8Array<ArrayBuffer> | undefined
    },

    settleShared(sha256, isRight) {
      const row = find(sha256)
      if (row && !row.verified) (isRight ? verify : drop).run(row.shared)
    },
  }

  return {
    methods,

    /** A job needs these. Throws `conflict` if one is not there. */
    assign(job: number, needed: SharedContent[]): void {
      for (const { sha256, size } of needed) {
        const row = find(sha256)
        if (!row?.verified || row.size !== size) throw notHere(sha256, size)
        assignOne.run(job, row.shared)
      }
    },

    /** Removes some of what is not needed. False if there was nothing. */
    reclaim(now: Moment): boolean {
      const [row] = dropped.all() as unknown as { shared: number }[]
      if (!row) return dropUnused.run(now.wall - keepUnusedMs).changes > 0
      const last = lastPart.get(row.shared)?.last as number | null
      if (last === null) remove.run(row.shared)
      else removePart.run(row.shared, last)
      return true
    },
  }
}

function notHere(sha256: string, size: number): TmError {
  const what = `the shared file ${sha256} of ${size} bytes`
  return new TmError('conflict', `This node does not have ${what}: send it before the job`)
}
