/** Changes tasks, shows one row for each that is changed and why others are not: `tm cancel`, `tm retry`. */
import type { Task } from '../../api/client.ts'
import type { Reporter } from '../../core/progress.ts'
import { number } from '../../core/text.ts'
import { nodesOf } from '../../state/cluster-nodes.ts'
import type { ClusterState } from '../../state/cluster-state.ts'
import { type Named, named, recallFiles } from '../../state/file-names.ts'
import { tabs } from '../output/columns.ts'
import { type Change, type Changed, changeTasks } from './change.ts'

export interface ChangeResult {
  tasks: Named<Task>[]
  errors: Changed['errors']
}

const past = { cancel: 'cancelled', retry: 'queued again' }

/** Sets the exit code to 1 unless all tasks were changed, on every node that may have them. */
export async function changeAndShow(options: {
  change: Change
  state: ClusterState
  ids: string[]
  reporter: Reporter
  print: (text: string) => void
}): Promise<ChangeResult> {
  const { change, state, ids, reporter, print } = options
  const what = past[change]
  const nodes = nodesOf(state)
  const counter = reporter.count(what, new Set(ids).size)
  let changed: Changed | undefined
  try {
    changed = await changeTasks({ change, ids, nodes, onDone: counter.set })
  } finally {
    counter.end(changed !== undefined && changed.errors.length === 0)
  }
  const names = recallFiles(state, ids)
  const { tasks, errors } = changed
  const rows = tasks.map(({ id, state }) => [id, names.get(id) ?? '', state])
  if (rows.length > 0) print(tabs(rows))
  const problems = problemsOf(changed, what)
  for (const problem of problems) reporter.say(problem)
  if (problems.length > 0) process.exitCode = 1
  return { tasks: tasks.map((task) => named(task, names)), errors }
}

function problemsOf({ tasks, errors, unreachable }: Changed, what: string): string[] {
  const total = number(tasks.length + errors.length)
  return [
    ...errors.map(({ message }) => `Error: ${message}`),
    ...unreachable.map(
      ({ id, why }) => `Error: ${id} may have some of these tasks and did not answer: ${why}`,
    ),
    ...(errors.length > 0 ? [`${number(errors.length)} of ${total} tasks were not ${what}.`] : []),
  ]
}
