/**
 * The store's methods on SQLite, synchronous and without transactions of their own: `thread.ts` runs
 * many of them inside one. Each change is one conditional update, so a method that throws midway
 * is undone with its transaction.
 */
import type { DatabaseSync } from 'node:sqlite'
import { maxRetryDelayMs } from '../../../core/retry.ts'
import { attemptMethods } from './attempts.ts'
import { readCounters } from './counters.ts'
import type { Engine } from './methods.ts'
import { type TaskRow, taskColumns, toBlob, toResult, toTask } from './rows.ts'
import { stateNumbers as states } from './schema.ts'

/** Rows looked at for one page of a filtered list, so that no page holds up the others. */
const scanWindow = 10_000

export function createEngine(database: DatabaseSync): Engine {
  const sql = (text: string) => database.prepare(text)
  const counters = readCounters(database)

  const leaseAgain = sql(`UPDATE tasks SET lease_until = ? WHERE state = ${states.running}`)
  const pullForward = sql(`UPDATE tasks SET run_at = ?
    WHERE state = ${states.queued} AND run_at > ?`)
  const undelay = sql(`UPDATE tasks SET run_at = ?
    WHERE state = ${states.queued} AND run_at > ? AND failures = 0`)
  const insert = sql(`INSERT INTO tasks (seq, id, state, iterations, size, run_at, enqueued_at)
    VALUES (?, ?, ${states.queued}, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`)
  const insertBody = sql('INSERT INTO bodies (seq, body) VALUES (?, ?)')
  const selectBody = sql('SELECT body FROM bodies WHERE seq = ?')
  const dropBody = sql('DELETE FROM bodies WHERE seq = ?')
  const byId = sql(`SELECT ${taskColumns} FROM tasks WHERE id = ?`)
  const cancelOne = sql(`UPDATE tasks SET state = ${states.cancelled}, finished_at = ?,
    lease_until = NULL WHERE seq = ?`)
  const retryOne = sql(`UPDATE tasks SET state = ${states.queued}, failures = 0, run_at = ?,
    finished_at = NULL, error = NULL WHERE seq = ?`)
  const page = sql(`SELECT ${taskColumns} FROM tasks WHERE seq > ? ORDER BY seq LIMIT ?`)
  const newest = sql(`SELECT ${taskColumns} FROM tasks WHERE done_seq < ?
    ORDER BY done_seq DESC LIMIT ?`)
  const pull = sql(`UPDATE tasks SET pulled = 1
    WHERE id = ? AND state = ${states.succeeded} AND pulled = 0`)
  const oldest = sql(`SELECT min(run_at) AS at FROM tasks WHERE state = ${states.queued}`)
  const delayed = sql(`SELECT count(*) AS n FROM tasks
    WHERE state = ${states.queued} AND run_at > ?`)
  const loadOne = sql('SELECT value FROM documents WHERE key = ?')
  const saveOne = sql(`INSERT INTO documents (key, value) VALUES (?, ?)
    ON CONFLICT (key) DO UPDATE SET value = excluded.value`)

  const find = (id: string) => byId.get(toBlob(id)) as TaskRow | undefined
  const bodyOf = (seq: number) => selectBody.get(seq)?.body as Uint8Array<ArrayBuffer> | undefined

  return {
    counters,

    resume(lease, { steady }) {
      leaseAgain.run(Math.floor(steady + lease))
      const latest = Math.floor(steady + maxRetryDelayMs)
      pullForward.run(latest, latest)
      // What has not failed was never delayed: it runs now, in its order.
      undelay.run(Math.floor(steady), Math.floor(steady))
    },

    ...attemptMethods(database, counters, { find, bodyOf }),

    enqueue(tasks, now) {
      return tasks.map(({ id, iterations, body }) => {
        const seq = counters.nextSeq
        const at = Math.floor(now.steady)
        const added = insert.run(seq, toBlob(id), iterations, body.length, at, now.wall).changes
        if (added === 0) {
          const row = find(id) as TaskRow
          const kept = bodyOf(row.seq)
          const sameBody = kept ? Buffer.compare(kept, body) === 0 : row.size === body.length
          return sameBody && row.iterations === iterations ? 'known' : 'conflict'
        }
        insertBody.run(seq, body)
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
        dropBody.run(row.seq)
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

    get(ids) {
      return ids.map((id) => {
        const row = find(id)
        return row && toTask(row)
      })
    },

    list({ state, limit, cursor = 0 }) {
      const scanned = state === undefined ? limit : scanWindow
      const rows = page.all(cursor, scanned) as unknown as TaskRow[]
      const wanted = state && states[state]
      const matching = rows.filter((row) => wanted === undefined || row.state === wanted)
      const shown = matching.slice(0, limit)
      const last = matching.length > limit ? shown.at(-1) : rows.at(-1)
      const more = matching.length > limit || rows.length === scanned
      return { tasks: shown.map(toTask), next: more ? last?.seq : undefined }
    },

    results({ limit, cursor = Number.MAX_SAFE_INTEGER }) {
      const rows = newest.all(cursor, limit) as unknown as TaskRow[]
      const next = rows.length === limit ? (rows.at(-1)?.done_seq ?? undefined) : undefined
      return { results: rows.map(toResult), next }
    },

    markPulled(ids) {
      for (const id of ids) counters.unpulled -= Number(pull.run(toBlob(id)).changes)
    },

    stats({ steady }) {
      const { queued, running, succeeded, failed, cancelled, unpulled } = counters
      const first = queued > 0 ? (oldest.get()?.at as number) : steady
      const backlog = queued > 0 ? queued - (delayed.get(steady)?.n as number) : 0
      const oldestWait = backlog > 0 ? Math.max(0, steady - first) : 0
      return { queued, running, succeeded, failed, cancelled, backlog, oldestWait, unpulled }
    },

    load(key) {
      const row = loadOne.get(key)
      return row && JSON.parse(row.value as string)
    },

    save(key, value) {
      saveOne.run(key, JSON.stringify(value))
    },
  }
}
