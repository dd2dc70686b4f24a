/** Reads task ids from the command line or from standard input. */
import { Args } from '@oclif/core'
import { TmError } from '../../core/errors.ts'
import { suggest, tm } from '../../core/suggestions.ts'
import { isTaskId } from '../../core/task.ts'
import { readStdin } from './files.ts'

/** For commands that take many ids, with `strict = false`. */
export const idsArgument = {
  id: Args.string({
    required: true,
    ignoreStdin: true,
    description: 'task ids, or - to read them from standard input',
  }),
}

/** The same, or a job. */
export const idsOrJobArgument = {
  id: Args.string({
    required: true,
    ignoreStdin: true,
    description:
      'task ids, - to read them from standard input, or a job: its number, its name, last',
  }),
}

export async function readIds(given: string[]): Promise<string[]> {
  const words = given.includes('-')
    ? [...given.filter((word) => word !== '-'), ...(await wordsOfStdin())]
    : given
  const ids = words.filter((word) => word !== '').map((word) => word.toLowerCase())
  const bad = ids.find((id) => !isTaskId(id))
  if (bad !== undefined) {
    throw new TmError('invalid', `"${bad.slice(0, 60)}" is not a task id: it must be a UUID`, {
      suggestions: [suggest`${tm('enqueue')} prints them, ${tm('pull')} shows them`],
    })
  }
  if (ids.length === 0) throw new TmError('invalid', 'No task ids were given')
  return ids
}

async function wordsOfStdin(): Promise<string[]> {
  const onWaiting = (text: string) => process.stderr.write(`${text}\n`)
  const bytes = await readStdin({ maxBody: Infinity, onWaiting })
  return new TextDecoder().decode(bytes).split(/\s+/)
}
