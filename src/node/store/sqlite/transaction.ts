/** A transaction of the engine: what it holds in memory is committed and undone with the tables. */
import type { DatabaseSync } from 'node:sqlite'
import type { Engine } from './methods.ts'

export function inTransaction<T>(database: DatabaseSync, engine: Engine, work: () => T): T {
  engine.begin()
  try {
    database.exec('BEGIN IMMEDIATE')
    const result = work()
    engine.beforeCommit()
    database.exec('COMMIT')
    engine.committed()
    return result
  } catch (error) {
    engine.undo()
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}
