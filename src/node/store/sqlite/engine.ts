/**
 * The store's methods on SQLite, synchronous and without transactions of their own: many calls run
 * in one transaction, which is rolled back if one of them throws.
 */
import type { DatabaseSync } from 'node:sqlite'
import type { Moment } from '../../../core/clock.ts'
import { maxRetryDelayMs } from '../../../core/retry.ts'
import { type AcceptedTask, idBytes, type StoredTask } from '../../../core/task.ts'
import { createAttempts } from './attempts.ts'
import { createBodies } from './bodies.ts'
import { createCanary } from './canary.ts'
import { claimMethod } from './claims.ts'
import { attemptEnd, expireMethod } from './expiry.ts'
import { jobProgressMethod } from './job-progress.ts'
import { createJobs, jobMethods } from './jobs.ts'
import { keyMethods } from './keys.ts'
import { createMemory } from './memory.ts'
import type { Engine } from './methods.ts'
import { createOpenJobs } from './open-jobs.ts'
import { createOutputs } from './outputs.ts'
import { createPauses } from './pauses.ts'
import { positionMethod } from './position.ts'
import { readingMethods } from './reading.ts'
import { reportMethods } from './reports.ts'
import { pruneMethod } from './retention.ts'
import { selectTasks, type TaskRow, toTask } from './rows.ts'
import { stateNumbers as states } from './schema.ts'
import { workMethod } from './seen-work.ts'
import { createShared } from './shared.ts'
import type { Transaction } from './transaction.ts'

export function createEngine(database: DatabaseSync, transaction: Transaction): Engine {
  const sql = (text: string) => database.prepare(text)
  const memory = createMemory(database, transaction)
  const bodies = createBodies(database, transaction)
  const outputs = createOutputs(database, transaction)
  const attempts = createAttempts(database, transaction)
  const jobs = createJobs(database)
  const shared = createShared(database)
  const pauses = createPauses(database, transaction)
  const openJobs = createOpenJobs(database, transaction, pauses)
  const canary = createCanary(database, pauses)
  const { counters } = memory

  const leaseAgain = sql(`UPDATE tasks SET lease_until = ? WHERE state = ${states.running}`)
  const returned = [`job IS NULL`, `job IS NOT NULL`].map(
    (which) => `state = ${states.queued} AND attempt > 0 AND ${which}`,
  )
  const pullForward = returned.map((those) =>
    sql(`UPDATE tasks SET run_at = ? WHERE ${those} AND run_at > ?`),
  )
  const newestRow = sql('SELECT run_at FROM tasks ORDER BY seq DESC LIMIT 1')
  const undelayReturned = returned.map((those) =>
    sql(`UPDATE tasks SET run_at = ? WHERE ${those} AND run_at > ? AND failures = 0`),
  )
  const undelayFresh = sql(`UPDATE tasks SET run_at = ?
    WHERE seq >= ? AND state = ${states.queued} AND attempt = 0 AND run_at > ?`)
  const insert = sql(`INSERT INTO tasks (seq, id, state, kind, spec, cost, size, upload, run_at,
    enqueued_at, job, key) VALUES (?, ?, ${states.queued}, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`)
  const byId = sql(`${selectTasks} WHERE tasks.id = ?`)
  const cancelOne = sql(`UPDATE tasks SET state = ${states.cancelled}, finished_at = ?,
    lease_until = NULL WHERE seq = ?`)
  const retryOne =
    sql(`UPDATE tasks SET state = ${states.queued}, failures = 0, losses = 0, run_at = ?,
    finished_at = NULL, error = NULL WHERE seq = ?`)
  const pull = sql(`UPDATE results SET pulled = 1
    WHERE done_seq = (SELECT done_seq FROM tasks WHERE id = ?) AND pulled = 0`)
  const saveOne = sql(`INSERT INTO documents (key, value) VALUES (?, ?)
    ON CONFLICT (key) DO UPDATE SET value = excluded.value`)

  const persistAndFind = (id: string) => {
    const lease = memory.first.get(id)
    if (lease) memory.persist(lease)
    return byId.get(idBytes(id)) as TaskRow | undefined
  }
  const endAttempt = attemptEnd(database, memory, { outputs, openJobs, pauses })

  function isSame(row: TaskRow, { body, kind, spec }: AcceptedTask): boolean {
    if (row.kind !== kind || row.spec !== spec || row.size !== body.length) return false
    // The body of a succeeded or cancelled task may be removed already.
    if (row.state === states.succeeded || row.state === states.cancelled) return true
    const kept = bodies.read(row)
    return kept !== undefined && Buffer.compare(kept, body) === 0
  }

  function cancel(id: string, now: Moment): StoredTask | undefined {
    const row = persistAndFind(id)
    if (!row) return undefined
    const open = row.state === states.queued ? 'queued' : 'running'
    if (row.state === states.queued || row.state === states.running) {
      cancelOne.run(now.wall, row.seq)
      bodies.drop(row.seq, row.upload)
      outputs.drop(row)
      counters[open] -= 1
      if (open === 'queued') openJobs.left(row.job)
      counters.cancelled += 1
    }
    return toTask(persistAndFind(id) as TaskRow)
  }

  function retry(id: string, now: Moment): StoredTask | undefined {
    const row = persistAndFind(id)
    if (!row) return undefined
    if (row.state === states.failed) {
      retryOne.run(Math.floor(now.steady), row.seq)
      counters.failed -= 1
      counters.queued += 1
      openJobs.open(row.job)
    }
    return toTask(persistAndFind(id) as TaskRow)
  }

  return {
    ...readingMethods(database, memory, { openJobs, canary }),
    ...workMethod(database, memory, { openJobs, canary }),
    ...positionMethod(database, { memory, openJobs, canary }),
    ...claimMethod(database, { memory, bodies, jobs, openJobs, canary }),
    ...reportMethods(database, {
      memory,
      bodies,
      outputs,
      attempts,
      openJobs,
      pauses,
      persistAndFind,
      endAttempt,
    }),
    ...expireMethod(database, memory, endAttempt),
    ...pruneMethod(database, memory, { bodies, outputs, shared, attempts }),
    ...jobMethods(database, {
      jobs,
      outputs,
      shared,
      attempts,
      pauses,
      persistAndFind,
      cancel,
      retry,
    }),
    ...shared.methods,
    ...keyMethods(database, memory),
    ...jobProgressMethod(database),

    resume(lease, { steady }) {
      const now = Math.floor(steady)
      leaseAgain.run(Math.floor(steady + lease))
      const latest = Math.floor(steady + maxRetryDelayMs)
      for (const statement of pullForward) statement.run(latest, latest)
      // Only failures delay a task: all others may run now, even if the wall clock went back.
      for (const statement of undelayReturned) statement.run(now, now)
      const isAhead = Number(newestRow.get()?.run_at ?? 0) > now
      if (isAhead) undelayFresh.run(now, counters.freshFrom, now)
    },

    enqueue(tasks, now) {
      return tasks.map((task) => {
        const { id, kind, spec, cost, body } = task
        const job = task.job === undefined ? null : jobs.numberOf(task.job)
        const key = task.key === undefined ? null : Buffer.from(task.key, 'hex')
        const seq = counters.nextSeq
        const upload = bodies.uploadOf(task)
        const times = [Math.floor(now.steady), now.wall] as const
        const added = insert.run(
          seq,
          idBytes(id),
          kind,
          spec,
          cost,
          body.length,
          upload,
          ...times,
          job,
          key,
        )
        if (added.changes === 0) {
          bodies.abandon(upload)
          return isSame(persistAndFind(id) as TaskRow, task) ? 'known' : 'conflict'
        }
        if (upload === null) bodies.store(seq, body)
        counters.nextSeq += 1
        counters.queued += 1
        openJobs.open(job)
        return 'created'
      })
    },

    cancel,
    retry,

    markPulled(ids) {
      for (const id of ids) counters.unpulled -= Number(pull.run(idBytes(id)).changes)
    },

    save(key, value) {
      saveOne.run(key, JSON.stringify(value))
    },

    storePart: (task) => bodies.storePart(task),
    forget: (task) => bodies.forget(task),

    persistAll() {
      for (const lease of memory.first.values()) memory.persist(lease)
    },
  }
}
