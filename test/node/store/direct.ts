/**
 * The SQLite store on the test's own thread: the same engine and file, opened many times faster.
 */

import { createEngine } from '../../../src/node/store/sqlite/engine.ts'
import { openDatabase } from '../../../src/node/store/sqlite/file.ts'
import { createTransaction } from '../../../src/node/store/sqlite/transaction.ts'
import type { Store } from '../../../src/node/store/store.ts'
import type { TaskStore } from '../../../src/node/store/task-store.ts'

export async function openOnThisThread({
  folder,
}: {
  folder: string
}): Promise<Pick<Store, 'tasks' | 'close'>> {
  const database = openDatabase(folder)
  // The machine does not crash during a test, and fsyncs would take most of its time.
  database.exec('PRAGMA synchronous = OFF')
  const transaction = createTransaction(database)
  const engine = createEngine(database, transaction)
  const methods = Object.entries(engine).map(([name, method]) => {
    const call = async (...args: unknown[]) =>
      transaction.run(() => (method as (...args: unknown[]) => unknown)(...args))
    return [name, call]
  })
  const close = async () => {
    transaction.run(engine.persistAll)
    database.close()
  }
  return { tasks: Object.fromEntries(methods) as TaskStore, close }
}
