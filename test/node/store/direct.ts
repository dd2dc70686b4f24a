/** The SQLite store on the test's own thread: the same engine and file, many times faster to open. */
import { createEngine } from '../../../src/node/store/sqlite/engine.ts'
import { openDatabase } from '../../../src/node/store/sqlite/file.ts'
import { inTransaction } from '../../../src/node/store/sqlite/transaction.ts'
import type { Store } from '../../../src/node/store/store.ts'

export async function openOnThisThread({ folder }: { folder: string }): Promise<Store> {
  const database = openDatabase(folder)
  // The machine stays on while a property runs, and the fsyncs would be most of its time.
  database.exec('PRAGMA synchronous = OFF')
  const engine = createEngine(database)
  const methods = Object.entries(engine).map(([name, method]) => {
    const call = async (...args: unknown[]) =>
      inTransaction(database, engine, () => (method as (...args: unknown[]) => unknown)(...args))
    return [name, call]
  })
  const close = async () => {
    inTransaction(database, engine, engine.keepAll)
    database.close()
  }
  return { ...Object.fromEntries(methods), close } as Store
}
