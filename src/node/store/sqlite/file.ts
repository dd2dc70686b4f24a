/**
 * Opens a node's database file, or says which file is bad and what to do. A node never starts on an
 * empty queue in place of a damaged or missing one.
 */
import { accessSync, constants, existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { messageOf, TmError } from '../../../core/errors.ts'
import { applicationId, migrations, schema, schemaVersion } from './schema.ts'
import { finishRestore } from './staged.ts'

/** A whole-file check reads everything; up to this size it takes well under a second. */
const fullCheckBytes = 256 * 1024 ** 2

/** Pages in the log before it is written back. */
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
    // Of a file that may only be read SQLite says nothing before the first task is to be written.
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
    throw explain(error, file)
  }
}

/** A database that is only read. Throws as `openDatabase` does; also when there is none. */
export function openExisting(file: string): DatabaseSync {
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(file, { readOnly: true, timeout: 2000 })
    checkHeader(database, file, true)
    return database
  } catch (error) {
    database?.close()
    throw explain(error, file)
  }
}

/** Reads all of it. */
export function checkWhole(database: DatabaseSync, file: string): void {
  try {
    expectOk(database, file, '1')
  } catch (error) {
    throw explain(error, file)
  }
}

/** Of an empty file SQLite would make a new database, and delete the log that belongs to the old. */
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
 * exclusive lock keeps a second node off the same data, and needs no shared-memory file. Large pages
 * take in twice as many tasks of 1 KiB in bulk as pages of 4 KiB. The log is written back every 2 MiB:
 * that holds up whoever comes meanwhile for some 15 ms, 16 MiB for 90.
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
  // The lock is only taken by the first write.
  database.exec('BEGIN EXCLUSIVE; COMMIT')
}

/** No tables yet: a new file, or one whose process was killed between making it and them. */
function isUnfinished(database: DatabaseSync): boolean {
  return pragma(database, 'application_id') === 0 && pragma(database, 'schema_version') === 0
}

function create(database: DatabaseSync): void {
  database.exec(`BEGIN IMMEDIATE; ${schema} COMMIT;`)
}

/** A database of an older tm becomes one of this one, or stays as it was. */
function migrate(database: DatabaseSync): void {
  for (let version = pragma(database, 'user_version'); version < schemaVersion; version += 1) {
    database.exec(`BEGIN IMMEDIATE; ${migrations[version + 1]} COMMIT;`)
  }
}

/** Before anything is written to the file: is it ours, and not from a newer tm? */
function checkHeader(database: DatabaseSync, file: string, hadQueue: boolean): void {
  if (!hadQueue && isUnfinished(database)) return
  if (pragma(database, 'application_id') !== applicationId) {
    throw damaged(file, 'it is not the database of a tm node')
  }
  const version = pragma(database, 'user_version')
  if (version > schemaVersion) {
    throw new TmError('damaged', `${file} is of version ${version}, made by a newer tm`, {
      suggestions: ['Use the tm that made it, or a newer one.'],
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

function explain(error: unknown, file: string): TmError {
  if (error instanceof TmError) return error
  const message = messageOf(error)
  if (/database is locked/.test(message)) {
    return new TmError('conflict', `${file} is in use by another node`, { cause: error })
  }
  if (/disk is full|^ENOSPC/.test(message)) {
    return new TmError('storage_full', `The disk of ${file} is full`, {
      cause: error,
      suggestions: ['Make room on it, then start the node again.'],
    })
  }
  if (/unable to open|readonly|not authorized|^E[A-Z]+:/.test(message)) {
    return new TmError('failed', `${file} can't be opened for writing: ${message}`, {
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
      'Put back a copy of it, or move its folder away to start with an empty queue.',
      'What can be read of it: sqlite3 queue.db .recover',
    ],
  })
}
