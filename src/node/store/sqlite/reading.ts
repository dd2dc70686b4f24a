/** Methods that only read: tasks, pages of tasks and results, the counts, documents. */
import type { DatabaseSync } from 'node:sqlite'
import type { Waiting } from '../../../core/scaling/worth.ts'
import { idBytes, idText } from '../../../core/task.ts'
import type { Canary } from './canary.ts'
import type { Memory } from './memory.ts'
import type { Engine } from './methods.ts'
import type { OpenJob, OpenJobs } from './open-jobs.ts'
import { type Candidate, queuedRows } from './queued-rows.ts'
import {
  type ResultRow,
  selectResults,
  selectTasks,
  type TaskRow,
  toResult,
  toTask,
  withLease,
} from './rows.ts'
import { stateNumbers as states } from './schema.ts'

type ReadingMethods = Pick<
  Engine,
  'get' | 'withBeginning' | 'list' | 'results' | 'stats' | 'reusableBytes' | 'load'
>

/** Rows that one page of a filtered list scans at the most, so that it holds up no other call. */
const scanWindow = 10_000

export function readingMethods(
  database: DatabaseSync,
  { counters, first }: Memory,
  { openJobs, canary }: { openJobs: OpenJobs; canary: Canary },
): ReadingMethods {
  const sql = (text: string) => database.prepare(text)
  const byId = sql(`${selectTasks} WHERE tasks.id = ?`)
  const between = sql(`${selectTasks} WHERE tasks.id BETWEEN ? AND ? ORDER BY tasks.id LIMIT ?`)
  const page = sql(`${selectTasks} WHERE seq > ? ORDER BY seq LIMIT ?`)
  const newest = sql(
    `${selectResults} WHERE results.done_seq < ? ORDER BY results.done_seq DESC LIMIT ?`,
  )
  const delayed = [`job IS NULL`, `job IS NOT NULL`].map((which) =>
    sql(`SELECT count(*) AS n FROM tasks
      WHERE state = ${states.queued} AND attempt > 0 AND ${which} AND run_at > ?`),
  )
  const freePages = sql('PRAGMA freelist_count')
  const pageBytes = Number(sql('PRAGMA page_size').get()?.page_size)
  const rows = queuedRows(database)
  const loadOne = sql('SELECT value FROM documents WHERE key = ?')

  const waitOf = (oldest: Iterable<Candidate>, steady: number): number => {
    for (const { runAt } of oldest) return Math.max(0, steady - runAt)
    return 0
  }

  function backlogOf(jobs: OpenJob[], steady: number): Waiting[] {
    return jobs.flatMap((open) => {
      const tasks = openJobs.dueOf(open, steady)
      if (tasks === 0) return []
      const oldestWait = waitOf(rows.ofJob(open.job, steady, 1), steady)
      const waiting = { needs: open.needs, tasks, oldestWait }
      return [canary.isUntried(open) ? { ...waiting, canary: true } : waiting]
    })
  }

  return {
    get(ids) {
      return ids.map((id) => {
        const row = byId.get(idBytes(id)) as TaskRow | undefined
        return row && toTask(withLease(row, first.get(id)))
      })
    },

    withBeginning(digits, limit) {
      const bound = (digit: string) => Buffer.from(digits.padEnd(32, digit), 'hex')
      const rows = between.all(bound('0'), bound('f'), limit) as unknown as TaskRow[]
      return rows.map((row) => toTask(withLease(row, first.get(idText(row.id)))))
    },

    list({ state, limit, cursor = 0 }) {
      const scanned = state === undefined ? limit : scanWindow
      const rows = (page.all(cursor, scanned) as unknown as TaskRow[]).map((row) =>
        first.size > 0 ? withLease(row, first.get(idText(row.id))) : row,
      )
      const wanted = state && states[state]
      const matching = rows.filter((row) => wanted === undefined || row.state === wanted)
      const shown = matching.slice(0, limit)
      const last = matching.length > limit ? shown.at(-1) : rows.at(-1)
      const more = matching.length > limit || rows.length === scanned
      return { tasks: shown.map(toTask), next: more ? last?.seq : undefined }
    },

    results({ limit, cursor = Number.MAX_SAFE_INTEGER }) {
      const rows = newest.all(cursor, limit) as unknown as ResultRow[]
      const next = rows.length === limit ? rows.at(-1)?.done_seq : undefined
      return { results: rows.map(toResult), next }
    },

    stats({ steady }) {
      const { queued, running, succeeded, failed, cancelled, unpulled } = counters
      const numbers = { queued, running, succeeded, failed, cancelled, unpulled }
      if (queued === 0) return { ...numbers, backlog: 0, oldestWait: 0, jobs: [], looseWait: 0 }
      const waiting = delayed.reduce((sum, count) => sum + (count.get(steady)?.n as number), 0)
      const { tried = [], free = [] } = Object.groupBy(openJobs.all(), (job) =>
        canary.isBeingTried(job) ? 'tried' : 'free',
      )
      const jobs = backlogOf(free, steady)
      const held = [...openJobs.paused(), ...tried].reduce(
        (sum, job) => sum + openJobs.dueOf(job, steady),
        0,
      )
      const looseWait = waitOf(rows.loose(counters.freshFrom, steady, 1), steady)
      const oldestWait = Math.max(looseWait, ...jobs.map((job) => job.oldestWait))
      const backlog = queued - waiting - held
      const beingTried = tried.length > 0 ? { beingTried: tried.length } : {}
      return { ...numbers, backlog, oldestWait, jobs, looseWait, ...beingTried }
    },

    reusableBytes: () => Number(freePages.get()?.freelist_count) * pageBytes,

    load(key) {
      const row = loadOne.get(key)
      return row && JSON.parse(row.value as string)
    },
  }
}
