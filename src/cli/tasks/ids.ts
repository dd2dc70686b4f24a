/** Task ids from the command line or from standard input. */
import { text } from 'node:stream/consumers'
import { TmError } from '../../core/errors.ts'
import { isTaskId } from '../../core/task.ts'

export async function readIds(given: string[]): Promise<string[]> {
  const words = given.includes('-')
    ? [...given.filter((word) => word !== '-'), ...(await text(process.stdin)).split(/\s+/)]
    : given
  const ids = words.filter((word) => word !== '').map((word) => word.toLowerCase())
  const bad = ids.find((id) => !isTaskId(id))
  if (bad !== undefined) {
    throw new TmError('invalid', `"${bad.slice(0, 60)}" is not a task id: those are UUIDs`, {
      suggestions: ['tm enqueue prints them, tm pull shows them'],
    })
  }
  if (ids.length === 0) throw new TmError('invalid', 'No task ids were given')
  return ids
}
