/**
 * The part of the queue that is in memory: the counts, and the leases of first attempts. Most tasks
 * end a moment after they began, so a first attempt is persisted only when it is a second old; a
 * crash before that loses no more than that moment.
 */
import type { DatabaseSync } from 'node:sqlite'
import { storedCounters } from './counters.ts'
import { stateNumbers as states } from './schema.ts'
import type { Transaction } from './transaction.ts'

/**
 * The lease of a first attempt that is only in memory: in the tables its task is still queued. Never
 * of a job's task, which may take long.
 */
export interface FirstLease {
  id: string
  seq: number
  upload: number | null
  worker: string
  /** Steady milliseconds. */
  begun: number
  until: number
  /** Wall-clock milliseconds. */
  startedAt: number
}

export type Memory = ReturnType<typeof createMemory>

export function createMemory(database: DatabaseSync, transaction: Transaction) {
  const stored = storedCounters(database, transaction)
  const counters = stored.read()
  const first = new Map<string, FirstLease>()

  const begin =
    database.prepare(`UPDATE tasks SET state = ${states.running}, attempt = 1, worker = ?,
    lease_until = ?, started_at = ? WHERE seq = ?`)

  transaction.onBegin(() => {
    const before = { ...counters }
    // Runs last. By then removed leases are back, but at the end of the map.
    transaction.onRollback(() => {
      Object.assign(counters, before)
      const inOrder = [...first.values()].sort((a, b) => a.seq - b.seq)
      first.clear()
      for (const lease of inOrder) first.set(lease.id, lease)
    })
  })

  transaction.beforeCommit(() => {
    const [oldest] = first.values()
    stored.write({
      ...counters,
      queued: counters.queued + first.size,
      running: counters.running - first.size,
      freshFrom: oldest?.seq ?? counters.freshFrom,
    })
  })

  function remove(lease: FirstLease): void {
    first.delete(lease.id)
    transaction.onRollback(() => first.set(lease.id, lease))
  }

  return {
    counters,
    /** By id, in the order in which they began, which is also that of `seq`. */
    first: first as ReadonlyMap<string, FirstLease>,

    add(lease: FirstLease): void {
      first.set(lease.id, lease)
      transaction.onRollback(() => first.delete(lease.id))
    },
    remove,

    /** Writes the lease to the tables. From then on it is a lease like any other. */
    persist(lease: FirstLease): void {
      begin.run(lease.worker, lease.until, lease.startedAt, lease.seq)
      remove(lease)
    },
  }
}
