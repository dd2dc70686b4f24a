/** What is read: tasks and results one by one and page by page, the counts, the small documents. */
import type { DatabaseSync } from 'node:sqlite'
import { idBytes, idText } from '../../../core/task.ts'
import type { Memory } from './memory.ts'
import type { Engine } from './methods.ts'
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

type ReadingMethods = Pick<Engine, 'get' | 'list' | 'results' | 'stats' | 'load'>

/** Rows looked at for one page of a filtered list, so that no page holds up the others. */
const scanWindow = 10_000

export function readingMethods(
  database: DatabaseSync,
  { counters, first }: Memory,
): ReadingMethods {
  const sql = (text: string) => database.prepare(text)
  const byId = sql(`${selectTasks} WHERE tasks.id = ?`)
  const page = sql(`${selectTasks} WHERE seq > ? ORDER BY seq LIMIT ?`)
  const newest = sql(`${selectResults} WHERE done_seq < ? ORDER BY done_seq DESC LIMIT ?`)
  const oldestFresh = sql(`SELECT run_at AS at FROM tasks
    WHERE seq >= ? AND state = ${states.queued} AND attempt = 0 ORDER BY seq LIMIT 1`)
  const returned = `state = ${states.queued} AND attempt > 0`
  const oldestReturned = sql(`SELECT min(run_at) AS at FROM tasks WHERE ${returned}`)
  const delayed = sql(`SELECT count(*) AS n FROM tasks WHERE ${returned} AND run_at > ?`)
  const loadOne = sql('SELECT value FROM documents WHERE key = ?')

  function oldest(steady: number): number {
    const times = [oldestFresh.get(counters.freshFrom)?.at, oldestReturned.get()?.at]
    return Math.min(steady, ...times.filter((at) => typeof at === 'number'))
  }

  return {
    get(ids) {
      return ids.map((id) => {
        const row = byId.get(idBytes(id)) as TaskRow | undefined
        return row && toTask(withLease(row, first.get(id)))
      })
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
      const backlog = queued > 0 ? queued - (delayed.get(steady)?.n as number) : 0
      const oldestWait = backlog > 0 ? steady - oldest(steady) : 0
      return { queued, running, succeeded, failed, cancelled, backlog, oldestWait, unpulled }
    },

    load(key) {
      const row = loadOne.get(key)
      return row && JSON.parse(row.value as string)
    },
  }
}
