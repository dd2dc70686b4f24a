/** The names that users give to values: keys of `--sweep` and `--each-json`, headers of columns. */

import { TmError } from '../../../core/errors.ts'
import { tagVariable } from '../../../core/process-tags.ts'
import {
  keyPattern,
  type Placeholder,
  placeholders,
  variableOf,
} from '../../../kinds/command/placeholders.ts'

/** What tm fills in itself, for every task. */
const own: readonly string[] = ['in', 'out', 'job', 'task', 'attempt'] satisfies Placeholder[]

/** Variables that hold something else: `IN` would become the variable of `{in}`. */
const taken = new Set([
  tagVariable,
  ...(Object.keys(placeholders) as Placeholder[]).map(variableOf),
])

/** Throws `invalid` for a name that can't be a placeholder. `where` says who gave it. */
export function requireKey(name: string, where: string): void {
  const shown = JSON.stringify(name.slice(0, 60))
  if (!keyPattern.test(name)) {
    throw new TmError('invalid', `${where}: ${shown} can't be a placeholder`, {
      suggestions: ['A name begins with a letter, and has letters, digits and _'],
    })
  }
  const clashes = !Object.hasOwn(placeholders, name) && taken.has(variableOf(name))
  if (!clashes && !own.includes(name)) return
  throw new TmError('invalid', `${where}: ${shown} is taken, since tm fills it in itself`, {
    suggestions: ['Give it another name'],
  })
}
