/** How an attempt ends without a result: by a failure, or because its lease expired. */
import type { DatabaseSync } from 'node:sqlite'
import { isExhausted } from '../../../core/retry.ts'
import { pluralize } from '../../../core/text.ts'
import type { ExpiredLeases } from '../task-store.ts'
import type { Memory } from './memory.ts'
import type { Engine } from './methods.ts'
import type { OpenJobs } from './open-jobs.ts'
import type { Outputs } from './outputs.ts'
import type { Pauses } from './pauses.ts'
import { selectTasks, type TaskRow } from './rows.ts'
import { stateNumbers as states } from './schema.ts'

export interface AttemptEnd {
  error: string
  /** Steady milliseconds. */
  runAt: number
  maxAttempts: number
  wall: number
  /** No further attempt. */
  final?: boolean
  /** How its command ended. */
  ending?: string | undefined
  /** Equal for failures that are alike. */
  alike?: string | undefined
  /** The worker was lost, or at fault. That does not count as a failure of a job's task. */
  lost?: boolean
  /** Bytes that a job's task gets from now on, since it ran out of memory. If that is more, no failure counts. */
  memory?: number | undefined
}

export type EndAttempt = (row: TaskRow, end: AttemptEnd) => 'queued' | 'failed'

interface EndParts {
  outputs: Pick<Outputs, 'drop'>
  openJobs: Pick<OpenJobs, 'open'>
  pauses: Pick<Pauses, 'failed'>
}

const maxErrorLength = 2000
/** A first attempt that lasts this long is persisted. */
const persistAfterMs = 1000

export function attemptEnd(
  database: DatabaseSync,
  { counters }: Memory,
  { outputs, openJobs, pauses }: EndParts,
): EndAttempt {
  const requeue = database.prepare(`UPDATE tasks SET state = ${states.queued}, failures = ?,
    losses = ?, run_at = ?, error = ?, ending = ?, grown_memory = ?, lease_until = NULL
    WHERE seq = ?`)
  const giveUp = database.prepare(`UPDATE tasks SET state = ${states.failed}, failures = ?,
    losses = ?, finished_at = ?, error = ?, ending = ?, lease_until = NULL WHERE seq = ?`)

  const upTo = database.prepare(`SELECT memory, definition ->> '$.job.memoryUpTo' AS upTo
    FROM jobs WHERE job = ?`)

  /** What a worker says counts as far as the job allows it. 0 for nothing. */
  function allowed(job: number | null, memory: number): number {
    const row = job === null ? undefined : upTo.get(job)
    const most = Math.min(memory, Number(row?.upTo ?? 0))
    return most > Number(row?.memory ?? 0) ? most : 0
  }

  return (row, end) => {
    const isLoss = end.lost === true && row.job !== null
    const wanted = end.memory === undefined ? 0 : allowed(row.job, end.memory)
    const grows = wanted > (row.grown_memory ?? 0)
    const memory = grows ? wanted : row.grown_memory
    const failures = row.failures + (isLoss || grows ? 0 : 1)
    const losses = row.losses + (isLoss ? 1 : 0)
    const error = end.error.slice(0, maxErrorLength)
    const ending = end.ending ?? null
    counters.running -= 1
    outputs.drop(row)
    const isOver = end.final || isExhausted(isLoss ? losses : failures, end.maxAttempts)
    if (isOver && !grows) {
      const times = pluralize(
        isLoss ? losses : failures,
        isLoss ? 'lost attempt' : 'failed attempt',
      )
      const why = end.final ? error : `${error} (${times})`
      giveUp.run(failures, losses, end.wall, why, ending, row.seq)
      counters.failed += 1
      const alike = end.lost ? 'lost' : (end.alike ?? error)
      pauses.failed(row.job, { alike, error: why })
      return 'failed'
    }
    requeue.run(failures, losses, Math.floor(end.runAt), error, ending, memory, row.seq)
    counters.queued += 1
    openJobs.open(row.job)
    return 'queued'
  }
}

export function expireMethod(
  database: DatabaseSync,
  memory: Memory,
  endAttempt: EndAttempt,
): Pick<Engine, 'expireLeases'> {
  const expired = database.prepare(`${selectTasks}
    WHERE state = ${states.running} AND lease_until <= ? ORDER BY lease_until LIMIT 1000`)

  return {
    expireLeases(maxAttempts, now) {
      for (const lease of memory.first.values()) {
        // The leases are in the order in which they began.
        if (lease.begun > now.steady - persistAfterMs && lease.until > now.steady) break
        memory.persist(lease)
      }
      const outcome: ExpiredLeases = { requeued: 0, failed: 0 }
      for (const row of expired.all(now.steady) as unknown as TaskRow[]) {
        const error = `worker ${row.worker} did not renew its lease: it died or lost contact`
        const end = { error, runAt: now.steady, maxAttempts, wall: now.wall, lost: true }
        outcome[endAttempt(row, end) === 'failed' ? 'failed' : 'requeued'] += 1
      }
      return outcome
    },
  }
}
