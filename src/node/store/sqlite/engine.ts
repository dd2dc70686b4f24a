/**
 * The store's methods on SQLite, synchronous and without transactions of their own: `transaction.ts`
 * runs many of them inside one. Each change is one conditional update, so a method that throws midway
 * is undone with its transaction.
 */
import type { DatabaseSync } from 'node:sqlite'
import { maxRetryDelayMs } from '../../../core/retry.ts'
import { idBytes, type NewTask } from '../../../core/task.ts'
import { createBodies } from './bodies.ts'
import { claimMethod } from './claims.ts'
import { attemptEnd, reapMethod } from './expiry.ts'
import { createMemory } from './memory.ts'
import type { Engine } from './methods.ts'
import { readingMethods } from './reading.ts'
import { reportMethods } from './reports.ts'
import { tidyMethod } from './retention.ts'
import { selectTasks, type TaskRow, toTask } from './rows.ts'
import { stateNumbers as states } from './schema.ts'

export function createEngine(database: DatabaseSync): Engine {
  const sql = (text: string) => database.prepare(text)
  const memory = createMemory(database)
  const bodies = createBodies(database)
  const { counters } = memory

  const leaseAgain = sql(`UPDATE tasks SET lease_until = ? WHERE state = ${states.running}`)
  const pullForward = sql(`UPDATE tasks SET run_at = ?
    WHERE state = ${states.queued} AND attempt > 0 AND run_at > ?`)
  const newestRow = sql('SELECT run_at FROM tasks ORDER BY seq DESC LIMIT 1')
  const undelayReturned = sql(`UPDATE tasks SET run_at = ?
    WHERE state = ${states.queued} AND attempt > 0 AND run_at > ? AND failures = 0`)
  const undelayFresh = sql(`UPDATE tasks SET run_at = ?
    WHERE seq >= ? AND state = ${states.queued} AND attempt = 0 AND run_at > ?`)
  const insert = sql(`INSERT INTO tasks (seq, id, state, iterations, size, upload, run_at,
    enqueued_at) VALUES (?, ?, ${states.queued}, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`)
  const byId = sql(`${selectTasks} WHERE tasks.id = ?`)
  const cancelOne = sql(`UPDATE tasks SET state = ${states.cancelled}, finished_at = ?,
    lease_until = NULL WHERE seq = ?`)
  const retryOne = sql(`UPDATE tasks SET state = ${states.queued}, failures = 0, run_at = ?,
    finished_at = NULL, error = NULL WHERE seq = ?`)
  const pull = sql(`UPDATE results SET pulled = 1
    WHERE done_seq = (SELECT done_seq FROM tasks WHERE id = ?) AND pulled = 0`)
  const saveOne = sql(`INSERT INTO documents (key, value) VALUES (?, ?)
    ON CONFLICT (key) DO UPDATE SET value = excluded.value`)

  const find = (id: string) => {
    const lease = memory.first.get(id)
    if (lease) memory.keep(lease)
    return byId.get(idBytes(id)) as TaskRow | undefined
  }
  const endAttempt = attemptEnd(database, memory)

  function isSame(row: TaskRow, { body, iterations }: NewTask): boolean {
    if (row.iterations !== iterations || row.size !== body.length) return false
    // The body of a task that has ended well, or was given up, may be gone.
    if (row.state === states.succeeded || row.state === states.cancelled) return true
    const kept = bodies.read(row)
    return kept !== undefined && Buffer.compare(kept, body) === 0
  }

  return {
    ...readingMethods(database, memory),
    ...claimMethod(database, memory, bodies),
    ...reportMethods(database, { memory, bodies, find, endAttempt }),
    ...reapMethod(database, memory, endAttempt),
    ...tidyMethod(database, memory, bodies),

    resume(lease, { steady }) {
      const now = Math.floor(steady)
      leaseAgain.run(Math.floor(steady + lease))
      const latest = Math.floor(steady + maxRetryDelayMs)
      pullForward.run(latest, latest)
      // What has not failed was never delayed: it runs now, in its order, though the clock went back.
      undelayReturned.run(now, now)
      const isAhead = Number(newestRow.get()?.run_at ?? 0) > now
      if (isAhead) undelayFresh.run(now, counters.freshFrom, now)
    },

    enqueue(tasks, now) {
      return tasks.map((task) => {
        const { id, iterations, body } = task
        const seq = counters.nextSeq
        const upload = bodies.uploadOf(task)
        const times = [Math.floor(now.steady), now.wall] as const
        const added = insert.run(seq, idBytes(id), iterations, body.length, upload, ...times)
        if (added.changes === 0) {
          bodies.abandon(upload)
          return isSame(find(id) as TaskRow, task) ? 'known' : 'conflict'
        }
        if (upload === null) bodies.store(seq, body)
        counters.nextSeq += 1
        counters.queued += 1
        return 'created'
      })
    },

    cancel(id, now) {
      const row = find(id)
      if (!row) return undefined
      const open = row.state === states.queued ? 'queued' : 'running'
      if (row.state === states.queued || row.state === states.running) {
        cancelOne.run(now.wall, row.seq)
        bodies.drop(row.seq, row.upload)
        counters[open] -= 1
        counters.cancelled += 1
      }
      return toTask(find(id) as TaskRow)
    },

    retry(id, now) {
      const row = find(id)
      if (!row) return undefined
      if (row.state === states.failed) {
        retryOne.run(Math.floor(now.steady), row.seq)
        counters.failed -= 1
        counters.queued += 1
      }
      return toTask(find(id) as TaskRow)
    },

    markPulled(ids) {
      for (const id of ids) counters.unpulled -= Number(pull.run(idBytes(id)).changes)
    },

    save(key, value) {
      saveOne.run(key, JSON.stringify(value))
    },

    storePart: (task) => bodies.storePart(task),
    forget: (task) => bodies.forget(task),

    keepAll() {
      for (const lease of memory.first.values()) memory.keep(lease)
    },

    begin: () => memory.begin(),
    beforeCommit: () => memory.write(),
    committed() {
      memory.committed()
      bodies.committed()
    },
    undo() {
      memory.undo()
      bodies.undo()
    },
  }
}
