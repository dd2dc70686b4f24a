/**
 * Opens a node's database file, or says what is wrong with it and what to do. A node never replaces
 * a damaged or missing queue by an empty one.
 */
import { accessSync, constants, existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { messageOf, TmError } from '../../../core/errors.ts'
import { applicationId, migrations, schema, schemaVersion } from './schema.ts'
import { finishRestore } from './staged.ts'

/** Larger files are checked in part: up to this size a full check takes well under a second. */
const fullCheckBytes = 256 * 1024 ** 2

/** The log is written back when it has this many pages. */
export const checkpointPages = 128

export function databaseFile(folder: string): string {
  return join(folder, 'queue.db')
}

export function openDatabase(folder: string): DatabaseSync {
  const file = databaseFile(folder)
  const marker = join(folder, 'queue.created')
  let database: DatabaseSync | undefined
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    finishRestore(folder, file)
    refuseLoss(file, marker)
    // SQLite notices a read-only file only at the first write, which would be the first task.
    if (existsSync(file)) accessSync(file, constants.W_OK)
    database = new DatabaseSync(file, { timeout: 2000 })
    checkHeader(database, file, existsSync(marker))
    configure(database)
    if (isUnfinished(database)) create(database)
    else {
      check(database, file)
      migrate(database)
    }
    if (!existsSync(marker)) writeFileSync(marker, '', { mode: 0o600, flush: true })
    return database
  } catch (error) {
    database?.close()
    throw explain(error, file, 'opened for writing')
  }
}

/** Opens a database to read it. Throws as `openDatabase` does, also if there is no file. */
export function openExisting(file: string): DatabaseSync {
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(file, { readOnly: true, timeout: 2000 })
    checkHeader(database, file, true)
    return database
  } catch (error) {
    database?.close()
    throw explain(error, file, 'read')
  }
}

/** The kernel sees the locks of all its processes, also of those that this one can't see. */
export function isLocked(folder: string): boolean {
  const file = databaseFile(folder)
  if (!existsSync(file)) return false
  try {
    openExisting(file).close()
    return false
  } catch {
    return true
  }
}

/** Reads the whole database. Throws `damaged`. */
export function checkWhole(database: DatabaseSync, file: string): void {
  try {
    expectOk(database, file, '1')
  } catch (error) {
    throw explain(error, file, 'read')
  }
}

/** SQLite would turn an empty file into a new database, and delete the log of the old one. */
function refuseLoss(file: string, marker: string): void {
  const isMissing = !existsSync(file)
  if (!isMissing && statSync(file).size > 0) return
  if (existsSync(marker) || existsSync(`${file}-wal`)) {
    const what = isMissing ? 'missing' : 'empty'
    throw damaged(file, `it is ${what}, although this node has had a queue`)
  }
}

/**
 * WAL with FULL fsyncs the log at every commit (sqlite.org/pragma.html#pragma_synchronous). The
 * exclusive lock keeps a second node off the same data, and needs no shared-memory file. With pages
 * of 16 KiB the store takes in twice as many tasks of 1 KiB in bulk as with 4 KiB. The log is
 * written back every 2 MiB, which delays other calls by about 15 ms; with 16 MiB by 90 ms.
 */
function configure(database: DatabaseSync): void {
  database.exec(`
    PRAGMA page_size = 16384;
    PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA wal_autocheckpoint = ${checkpointPages};
    PRAGMA cache_size = -32000;
    PRAGMA temp_store = MEMORY;
  `)
  // SQLite takes the lock only at the first write.
  database.exec('BEGIN EXCLUSIVE; COMMIT')
}

/** No tables yet: a new file, or the process was killed before it made the tables. */
function isUnfinished(database: DatabaseSync): boolean {
  return pragma(database, 'application_id') === 0 && pragma(database, 'schema_version') === 0
}

function create(database: DatabaseSync): void {
  database.exec(`BEGIN IMMEDIATE; ${schema} COMMIT;`)
}

/** Brings a database of an older tm up to date. Each step happens as a whole or not at all. */
function migrate(database: DatabaseSync): void {
  for (let version = pragma(database, 'user_version'); version < schemaVersion; version += 1) {
    database.exec(`BEGIN IMMEDIATE; ${migrations[version + 1]} COMMIT;`)
  }
}

/** Checks, before anything is written to the file, that it is ours and not of a newer tm. */
function checkHeader(database: DatabaseSync, file: string, hadQueue: boolean): void {
  if (!hadQueue && isUnfinished(database)) return
  if (pragma(database, 'application_id') !== applicationId) {
    throw damaged(file, 'it is not the database of a tm node')
  }
  const version = pragma(database, 'user_version')
  if (version > schemaVersion) {
    throw new TmError('damaged', `${file} is of version ${version}, made by a newer tm`, {
      suggestions: ['Use the tm that made it, or a newer tm.'],
    })
  }
}

function check(database: DatabaseSync, file: string): void {
  const whole = statSync(file).size <= fullCheckBytes
  for (const of of whole ? ['1'] : ["'tasks'", "'results'", "'counts'"]) {
    expectOk(database, file, of)
  }
}

function expectOk(database: DatabaseSync, file: string, of: string): void {
  const [row] = database.prepare(`PRAGMA quick_check(${of})`).all()
  const verdict = Object.values(row ?? {})[0]
  if (verdict !== 'ok') throw damaged(file, String(verdict).split('\n').slice(-1).join())
}

function pragma(database: DatabaseSync, name: string): number {
  return Number(Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0])
}

function explain(error: unknown, file: string, doing = 'opened for writing'): TmError {
  if (error instanceof TmError) return error
  const message = messageOf(error)
  if (/database is locked/.test(message)) {
    return new TmError('conflict', `${file} is in use by another node`, { cause: error })
  }
  if (/disk is full|^ENOSPC/.test(message)) {
    return new TmError('storage_full', `The disk of ${file} is full`, {
      cause: error,
      suggestions: ['Free space on it, then start the node again.'],
    })
  }
  if (/unable to open|readonly|not authorized|^E[A-Z]+:/.test(message)) {
    return new TmError('failed', `${file} can't be ${doing}: ${message}`, {
      cause: error,
      suggestions: ['Check the permissions of the file and its folder, and the disk.'],
    })
  }
  return damaged(file, message, error)
}

function damaged(file: string, why: string, cause?: unknown): TmError {
  return new TmError('damaged', `${file} can't be used: ${why}`, {
    cause,
    suggestions: [
      'Restore a copy of it, or move its folder away to start with an empty queue.',
      'To recover what is readable: sqlite3 queue.db .recover',
    ],
  })
}
