/**
 * The counts of tasks, kept in memory because `count(*)` over a million rows takes 25 ms. Every
 * transaction that changes them writes them, so that a node starts without counting.
 */
import type { DatabaseSync } from 'node:sqlite'
import type { TaskState } from '../../../core/task.ts'
import type { Transaction } from './transaction.ts'

export interface Counters extends Record<TaskState, number> {
  unpulled: number
  /** The next values of `seq` and `done_seq`. */
  nextSeq: number
  nextDone: number
  /** No task before this `seq` has yet to be leased for the first time. */
  freshFrom: number
}

const columns: Record<keyof Counters, string> = {
  queued: 'queued',
  running: 'running',
  succeeded: 'succeeded',
  failed: 'failed',
  cancelled: 'cancelled',
  unpulled: 'unpulled',
  nextSeq: 'next_seq',
  nextDone: 'next_done',
  freshFrom: 'fresh_from',
}
const names = Object.keys(columns) as (keyof Counters)[]

/**
 * The counts as the tables have them: there, a task with a lease that is only in memory is queued.
 */
export function storedCounters(database: DatabaseSync, transaction: Transaction) {
  const update = database.prepare(
    `UPDATE counts SET ${names.map((name) => `${columns[name]} = ?`).join(', ')}`,
  )
  const row = database.prepare('SELECT * FROM counts').get() ?? {}
  const entries = names.map((name) => [name, Number(row[columns[name]])])
  let stored = Object.fromEntries(entries) as Counters
  return {
    read: (): Counters => ({ ...stored }),
    write(counters: Counters): void {
      // `freshFrom` is only where a search begins: not worth a commit of its own.
      const changed = names.some((name) => name !== 'freshFrom' && counters[name] !== stored[name])
      if (!changed) return
      update.run(...names.map((name) => counters[name]))
      transaction.onCommit(() => {
        stored = counters
      })
    },
  }
}
