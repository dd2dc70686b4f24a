/** Tasks and results as the API shows them: with the fields of their kind in place of its spec. */
import type { Result, Task } from '../../api/client.ts'
import type { StoredResult, StoredTask } from '../../core/task.ts'
import { fieldsOf, type Kinds } from '../../kinds/kinds.ts'

export function presentTask(kinds: Kinds, task: StoredTask): Task {
  const { id, state, kind, spec, result, ending, ...rest } = task
  const fields = fieldsOf(kinds, { kind, spec })
  const ended = ending === undefined ? {} : JSON.parse(ending)
  const shown = result ? showResult(kinds, kind, result) : ended
  return { id, state, kind, ...fields, ...rest, ...shown }
}

export function presentResult(kinds: Kinds, found: StoredResult): Result {
  const { id, kind, spec, result, ...rest } = found
  return {
    id,
    kind,
    ...showResult(kinds, kind, result),
    ...fieldsOf(kinds, { kind, spec }),
    ...rest,
  }
}

/** In hex if this version of tm does not know the kind. */
function showResult(kinds: Kinds, kind: string, result: Uint8Array): { result: string } {
  return kinds[kind]?.showResult(result) ?? { result: Buffer.from(result).toString('hex') }
}
