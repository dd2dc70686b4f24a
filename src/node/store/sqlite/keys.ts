/** Finds tasks of jobs by their keys, which are equal for equal tasks. */
import type { DatabaseSync } from 'node:sqlite'
import { idText, type StoredTask } from '../../../core/task.ts'
import type { Memory } from './memory.ts'
import type { Engine } from './methods.ts'
import { selectTasks, type TaskRow, toTask, withLease } from './rows.ts'
import { stateNumbers as states } from './schema.ts'

export function keyMethods(
  database: DatabaseSync,
  { first }: Pick<Memory, 'first'>,
): Pick<Engine, 'tasksByKey'> {
  // The numbers of these states grow with how much is done.
  const mostDone = database.prepare(`${selectTasks}
    WHERE key = ? AND state IN (${states.queued}, ${states.running}, ${states.succeeded})
    ORDER BY state DESC, seq DESC LIMIT 1`)

  return {
    tasksByKey(keys) {
      return keys.flatMap((key): StoredTask[] => {
        const row = mostDone.get(Buffer.from(key, 'hex')) as TaskRow | undefined
        if (!row) return []
        return [{ ...toTask(withLease(row, first.get(idText(row.id)))), key }]
      })
    },
  }
}
