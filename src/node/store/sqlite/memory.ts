/**
 * The part of the queue that is in memory: the counts, and the leases of first attempts. Most tasks
 * end a moment after they began, so a first attempt is put on disk only when it is a second old:
 * before that nothing is lost with it but the moment. What a transaction did here is undone with it.
 */
import type { DatabaseSync } from 'node:sqlite'
import { type Counters, storedCounters } from './counters.ts'
import { stateNumbers as states } from './schema.ts'

/** A first attempt that the tables know nothing of: there the task is still queued. */
export interface FirstLease {
  id: string
  seq: number
  iterations: number
  upload: number | null
  worker: string
  /** Steady milliseconds. */
  begun: number
  until: number
  /** Wall-clock milliseconds. */
  startedAt: number
}

export type Memory = ReturnType<typeof createMemory>

export function createMemory(database: DatabaseSync) {
  const stored = storedCounters(database)
  const counters = stored.read()
  const first = new Map<string, FirstLease>()
  let log: { lease: FirstLease; added: boolean }[] = []
  let before: Counters = { ...counters }
  let written = () => {}

  const keep =
    database.prepare(`UPDATE tasks SET state = ${states.running}, attempt = 1, worker = ?,
    lease_until = ?, started_at = ? WHERE seq = ?`)

  function remove(lease: FirstLease): void {
    first.delete(lease.id)
    log.push({ lease, added: false })
  }

  return {
    counters,
    /** By id, in the order in which they began, which is also that of `seq`. */
    first: first as ReadonlyMap<string, FirstLease>,

    add(lease: FirstLease): void {
      first.set(lease.id, lease)
      log.push({ lease, added: true })
    },
    remove,

    /** Puts it into the tables; from then on it is a lease like any other. */
    keep(lease: FirstLease): void {
      keep.run(lease.worker, lease.until, lease.startedAt, lease.seq)
      remove(lease)
    },

    begin(): void {
      before = { ...counters }
    },
    /** Before the commit. The tables know nothing of first leases: there they are queued. */
    write(): void {
      const [oldest] = first.values()
      written = stored.write({
        ...counters,
        queued: counters.queued + first.size,
        running: counters.running - first.size,
        freshFrom: oldest?.seq ?? counters.freshFrom,
      })
    },
    committed(): void {
      written()
      log = []
    },
    undo(): void {
      Object.assign(counters, before)
      for (const { lease, added } of log.reverse()) {
        if (added) first.delete(lease.id)
        else first.set(lease.id, lease)
      }
      log = []
      const inOrder = [...first.values()].sort((a, b) => a.seq - b.seq)
      first.clear()
      for (const lease of inOrder) first.set(lease.id, lease)
    },
  }
}
