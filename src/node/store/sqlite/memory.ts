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

  /** Leases of the open transaction: no task gets a first lease twice. */
  let added: FirstLease[] = []
  let removed: FirstLease[] = []

  transaction.onBegin(() => {
    const before = { ...counters }
    added = []
    removed = []
    transaction.onRollback(() => {
      Object.assign(counters, before)
      const all = new Map([...first.values(), ...removed].map((lease) => [lease.id, lease]))
      for (const { id } of added) all.delete(id)
      first.clear()
      // Those that were removed are back in their places, not at the end of the map.
      for (const lease of [...all.values()].sort((a, b) => a.seq - b.seq))
        first.set(lease.id, lease)
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
    removed.push(lease)
  }

  return {
    counters,
    /** By id, in the order in which they began, which is also that of `seq`. */
    first: first as ReadonlyMap<string, FirstLease>,

    add(lease: FirstLease): void {
      first.set(lease.id, lease)
      added.push(lease)
    },
    remove,

    /** Writes the lease to the tables. From then on it is a lease like any other. */
    persist(lease: FirstLease): void {
      begin.run(lease.worker, lease.until, lease.startedAt, lease.seq)
      remove(lease)
    },
  }
}
