/** Jobs, and what concerns all tasks of one. */
import type { DatabaseSync } from 'node:sqlite'
import type { Moment } from '../../../core/clock.ts'
import { TmError } from '../../../core/errors.ts'
import {
  idBytes,
  idText,
  type StoredJob,
  type StoredTask,
  type TaskState,
  taskStates,
} from '../../../core/task.ts'
import type { Attempts } from './attempts.ts'
import type { Engine } from './methods.ts'
import type { Outputs } from './outputs.ts'
import type { Pauses } from './pauses.ts'
import { selectTasks, type TaskRow, toTask } from './rows.ts'
import { stateNumbers as states } from './schema.ts'
import type { Shared } from './shared.ts'

type JobMethods = Pick<
  Engine,
  | 'putJob'
  | 'getJob'
  | 'listJobs'
  | 'tasksOfJob'
  | 'cancelJob'
  | 'retryJob'
  | 'pauseJob'
  | 'goOnWithJob'
  | 'takePauses'
  | 'writeOutput'
  | 'readOutput'
  | 'failedAttempts'
>

interface JobRow {
  job: number
  id: Uint8Array
  created_at: number
  definition: string
  paused: string | null
  canary: number
  has_succeeded: number
}

/** Tasks that one call cancels or queues again: a few milliseconds. */
const step = 500

export type Jobs = ReturnType<typeof createJobs>

/** The ids of jobs, and their numbers in the database. */
export function createJobs(database: DatabaseSync) {
  const select = database.prepare('SELECT job FROM jobs WHERE id = ?')
  const selectId = database.prepare('SELECT id FROM jobs WHERE job = ?')

  return {
    idOf: (job: number): string => idText(selectId.get(job)?.id as Uint8Array),
    /** Throws `not_found`. */
    numberOf(id: string): number {
      const job = select.get(idBytes(id))?.job as number | undefined
      if (job === undefined) throw new TmError('not_found', `No job ${id} on this node`)
      return job
    },
  }
}

interface Parts {
  jobs: Jobs
  outputs: Outputs
  shared: Pick<Shared, 'assign'>
  attempts: Pick<Attempts, 'of'>
  pauses: Pick<Pauses, 'pause' | 'goOn' | 'takeNews'>
  persistAndFind(id: string): TaskRow | undefined
  cancel(id: string, now: Moment): StoredTask | undefined
  retry(id: string, now: Moment): StoredTask | undefined
}

export function jobMethods(
  database: DatabaseSync,
  { jobs, outputs, shared, attempts, pauses, persistAndFind, cancel, retry }: Parts,
): JobMethods {
  const sql = (text: string) => database.prepare(text)
  const insert = sql(`INSERT INTO jobs (id, created_at, definition, cpus, memory, disk, gpus,
    fail_fast, canary) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`)
  const byId = sql('SELECT * FROM jobs WHERE id = ?')
  const all = sql('SELECT * FROM jobs ORDER BY job DESC')
  const count = sql('SELECT state, count(*) AS n FROM tasks WHERE job = ? GROUP BY state')
  const page = sql(`${selectTasks} WHERE job = ? AND seq > ? ORDER BY seq LIMIT ?`)
  const open = sql(`SELECT id FROM tasks WHERE job = ?
    AND state IN (${states.queued}, ${states.running}) LIMIT ${step}`)
  const failed = sql(
    `SELECT id FROM tasks WHERE job = ? AND state = ${states.failed} LIMIT ${step}`,
  )

  const find = (id: string) => byId.get(idBytes(id)) as JobRow | undefined
  const idsOf = (rows: Record<string, unknown>[]) => rows.map(({ id }) => idText(id as Uint8Array))

  function countsOf(job: number): StoredJob['counts'] {
    const rows = count.all(job) as unknown as { state: number; n: number }[]
    return Object.fromEntries(
      taskStates.map((state) => [state, rows.find((row) => row.state === states[state])?.n ?? 0]),
    ) as Record<TaskState, number>
  }

  function toJob(row: JobRow): StoredJob {
    const { job, id, created_at: createdAt, definition, paused } = row
    const counts = countsOf(job)
    const isBeingTried = row.canary === 1 && row.has_succeeded === 0 && counts.queued > 0
    return {
      id: idText(id),
      createdAt,
      definition,
      counts,
      ...(paused === null ? {} : { paused }),
      ...(isBeingTried ? { isBeingTried } : {}),
    }
  }

  return {
    putJob({ id, definition, needs, shared: files = [], failFast = null, canary }, now) {
      const { cpus, memory, disk, gpus = 0 } = needs
      const rules = [failFast, canary ? 1 : 0] as const
      const added = insert.run(
        idBytes(id),
        now.wall,
        definition,
        cpus,
        memory,
        disk,
        gpus,
        ...rules,
      )
      if (added.changes > 0) {
        shared.assign(jobs.numberOf(id), files)
        return 'created'
      }
      return find(id)?.definition === definition ? 'known' : 'conflict'
    },
    getJob(id) {
      const row = find(id)
      return row && toJob(row)
    },
    listJobs: () => (all.all() as unknown as JobRow[]).map(toJob),

    tasksOfJob(id, { limit, cursor = 0 }) {
      const rows = page.all(jobs.numberOf(id), cursor, limit) as unknown as TaskRow[]
      return { tasks: rows.map(toTask), next: rows.length === limit ? rows.at(-1)?.seq : undefined }
    },

    cancelJob(id, now) {
      const ids = idsOf(open.all(jobs.numberOf(id)))
      for (const task of ids) cancel(task, now)
      return ids.length
    },
    retryJob(id, now) {
      const ids = idsOf(failed.all(jobs.numberOf(id)))
      for (const task of ids) retry(task, now)
      return ids.length
    },

    pauseJob: (id, reason) => pauses.pause(jobs.numberOf(id), reason),
    goOnWithJob: (id) => pauses.goOn(jobs.numberOf(id)),
    takePauses: () => pauses.takeNews(),

    writeOutput(worker, { id, attempt }, part, bytes) {
      const row = persistAndFind(id)
      if (!row || row.job === null || row.attempt !== attempt) return 'lost'
      if (row.worker !== worker) return 'foreign'
      if (row.state !== states.running) return 'lost'
      outputs.write({ seq: row.seq, attempt }, part, bytes)
      return 'done'
    },
    readOutput(id, part) {
      const row = persistAndFind(id)
      if (row?.state !== states.succeeded) return undefined
      return outputs.read({ seq: row.seq, attempt: row.attempt }, part)
    },
    failedAttempts(id) {
      const row = persistAndFind(id)
      return row && attempts.of(row.seq)
    },
  }
}
