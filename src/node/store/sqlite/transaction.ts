/**
 * Transactions on the database. What the engine keeps in memory follows them through hooks: who
 * changes memory says at once how to change it back.
 */
import type { DatabaseSync } from 'node:sqlite'

type Act = () => void

export interface Transaction {
  /** Runs `work` in a transaction and commits it. Throws what `work` or the commit throws. */
  run<T>(work: () => T): T
  /** Runs when the open transaction has been committed. */
  onCommit(act: Act): void
  /**
   * Runs when the open transaction has been rolled back; the last one that was added runs first.
   */
  onRollback(act: Act): void
  /** Runs at the begin of every transaction. */
  onBegin(act: Act): void
  /** Runs before every commit, and may still write. */
  beforeCommit(act: Act): void
}

export function createTransaction(database: DatabaseSync): Transaction {
  const beginning: Act[] = []
  const committing: Act[] = []
  let committed: Act[] = []
  let rolledBack: Act[] = []

  function runAll(acts: Act[]): void {
    committed = []
    rolledBack = []
    for (const act of acts) act()
  }

  return {
    run(work) {
      database.exec('BEGIN IMMEDIATE')
      try {
        for (const act of beginning) act()
        const result = work()
        for (const act of committing) act()
        database.exec('COMMIT')
        runAll(committed)
        return result
      } catch (error) {
        // SQLite has rolled back by itself after some errors, such as a full disk.
        if (database.isTransaction) database.exec('ROLLBACK')
        runAll(rolledBack.reverse())
        throw error
      }
    },
    onCommit: (act) => committed.push(act),
    onRollback: (act) => rolledBack.push(act),
    onBegin: (act) => beginning.push(act),
    beforeCommit: (act) => committing.push(act),
  }
}
