/** `--fail-fast`: how many failed tasks pause a job. */
import { TmError } from '../../core/errors.ts'
import { parseInteger } from '../../core/integers.ts'

/** A number of tasks, or a share of all of them. */
export type FailFast = { tasks: number } | { percent: number }

/** `10` or `5%`. Throws `invalid`. */
export function readFailFast(text: string): FailFast {
  const isShare = text.endsWith('%')
  const max = isShare ? 100 : 10_000_000
  const value = parseInteger(isShare ? text.slice(0, -1) : text, { min: 1, max })
  if (value !== undefined) return isShare ? { percent: value } : { tasks: value }
  throw new TmError('invalid', `--fail-fast must be a number of tasks or a share, not "${text}"`, {
    suggestions: ['Such as --fail-fast 1 or --fail-fast 5%; 100% never pauses the job'],
  })
}

/** How many of `all` tasks have to fail. */
export function tasksOf(failFast: FailFast, all: number): number {
  return 'tasks' in failFast ? failFast.tasks : Math.ceil((all * failFast.percent) / 100)
}
