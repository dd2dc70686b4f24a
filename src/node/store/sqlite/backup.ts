/**
 * What makes a copied database a backup: it says where it is from, and leaves behind what belongs to
 * the running cluster.
 */
import { randomUUID } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import { TmError } from '../../../core/errors.ts'
import { checkWhole, openExisting } from './file.ts'

/** What a backup says of itself; also kept by the node that was restored from it. */
export interface BackupInfo {
  /** UUID: two backups are never taken for the same. */
  id: string
  cluster: string
  node: string
  /** Wall-clock milliseconds since the epoch. */
  at: number
}

/** What of a cluster is of no use to another one. */
const ofTheCluster = ['siblings', 'loans', 'backup']

/** Makes a backup of a fresh copy. One file, without a log beside it. */
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

export interface BackupContents extends BackupInfo {
  tasks: number
  succeeded: number
}

/** Checks that it is whole. Throws `damaged` when it is not, or is no backup, or of a newer tm. */
export function readBackup(file: string): BackupContents {
  const database = openExisting(file)
  try {
    checkWhole(database, file)
    const row = database.prepare("SELECT value FROM documents WHERE key = 'backup'").get()
    if (!row) throw new TmError('damaged', `${file} is the database of a node, but no backup`)
    const info = JSON.parse(String(row.value)) as BackupInfo
    const counts = database.prepare('SELECT * FROM counts').get() as Record<string, number>
    const { queued = 0, running = 0, succeeded = 0, failed = 0, cancelled = 0 } = counts
    return { ...info, tasks: queued + running + succeeded + failed + cancelled, succeeded }
  } finally {
    database.close()
  }
}
