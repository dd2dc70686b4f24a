/**
 * The outputs of attempts, in parts. What an attempt wrote that got no result is removed part by
 * part, so that no other call waits for all of it.
 */
import type { DatabaseSync } from 'node:sqlite'
import { stateNumbers as states } from './schema.ts'
import type { Transaction } from './transaction.ts'

export type Outputs = ReturnType<typeof createOutputs>

interface Owner {
  seq: number
  attempt: number
}

export function createOutputs(database: DatabaseSync, transaction: Transaction) {
  const sql = (text: string) => database.prepare(text)
  const insert = sql(
    'INSERT OR REPLACE INTO outputs (seq, attempt, part, bytes) VALUES (?, ?, ?, ?)',
  )
  const select = sql('SELECT bytes FROM outputs WHERE seq = ? AND attempt = ? AND part = ?')
  const attemptsOf = sql('SELECT DISTINCT attempt FROM outputs WHERE seq = ?')
  const lastPart = sql('SELECT max(part) AS last FROM outputs WHERE seq = ? AND attempt = ?')
  const remove = sql('DELETE FROM outputs WHERE seq = ? AND attempt = ? AND part = ?')
  const dropped = orphans(database)

  return {
    write({ seq, attempt }: Owner, part: number, bytes: Uint8Array): void {
      insert.run(seq, attempt, part, bytes)
    },

    read({ seq, attempt }: Owner, part: number): Uint8Array<ArrayBuffer> | undefined {
      const bytes = select.get(seq, attempt, part)?.bytes as Uint8Array | undefined
      return bytes && new Uint8Array(bytes)
    },

    /** Removes what the attempts of a task wrote, but for the one that succeeded. */
    drop({ seq, job }: { seq: number; job: number | null }, succeeded?: number): void {
      // Only a job's task has outputs: others are not searched for.
      if (job === null) return
      const attempts = attemptsOf.all(seq).map(({ attempt }) => attempt as number)
      for (const attempt of attempts.filter((one) => one !== succeeded)) {
        transaction.onCommit(() => dropped.push({ seq, attempt }))
      }
    },

    /** Removes one part of what was dropped. False if there was nothing. */
    reclaim(): boolean {
      const [owner] = dropped
      if (!owner) return false
      const last = lastPart.get(owner.seq, owner.attempt)?.last as number | null
      if (last === null) transaction.onCommit(() => dropped.shift())
      else remove.run(owner.seq, owner.attempt, last)
      return true
    },
  }
}

/** What attempts wrote that a killed node did not get to remove. */
function orphans(database: DatabaseSync): Owner[] {
  const rows = database.prepare(`SELECT DISTINCT seq, attempt FROM outputs WHERE NOT EXISTS (
    SELECT 1 FROM tasks LEFT JOIN results USING (done_seq, seq) WHERE tasks.seq = outputs.seq AND (
      (state = ${states.running} AND tasks.attempt = outputs.attempt)
      OR (state = ${states.succeeded} AND results.attempt = outputs.attempt)))`)
  return rows.all() as unknown as Owner[]
}
