/**
 * A backup is a copied database with its identity in it, and without the documents that belong to
 * the running cluster. Every engine will have to read and write this format.
 */
import { randomUUID } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import { TmError } from '../../../core/errors.ts'
import type { BackupContents, BackupInfo } from '../snapshots.ts'
import { checkWhole, openExisting } from './file.ts'

/** Documents that mean nothing in another cluster. */
const ofTheCluster = ['siblings', 'loans', 'backup']

/** Turns a fresh copy into a backup: one file, without a log beside it. */
export function sealBackup(file: string, from: Omit<BackupInfo, 'id'>): BackupInfo {
  const info: BackupInfo = { id: randomUUID(), ...from }
  const database = new DatabaseSync(file)
  try {
    const forget = database.prepare('DELETE FROM documents WHERE key = ?')
    for (const key of ofTheCluster) forget.run(key)
    const insert = database.prepare('INSERT INTO documents (key, value) VALUES (?, ?)')
    insert.run('backup', JSON.stringify(info))
    database.exec('PRAGMA journal_mode = DELETE')
  } finally {
    database.close()
  }
  return info
}

/** Checks the whole file. Throws `damaged` if it is damaged, no backup, or made by a newer tm. */
export function readBackup(file: string): BackupContents {
  const database = openExisting(file)
  try {
    checkWhole(database, file)
    const row = database.prepare("SELECT value FROM documents WHERE key = 'backup'").get()
    if (!row) throw new TmError('damaged', `${file} is the database of a node, not a backup`)
    const info = JSON.parse(String(row.value)) as BackupInfo
    const counts = database.prepare('SELECT * FROM counts').get() as Record<string, number>
    const { queued = 0, running = 0, succeeded = 0, failed = 0, cancelled = 0 } = counts
    return { ...info, tasks: queued + running + succeeded + failed + cancelled, succeeded }
  } finally {
    database.close()
  }
}
