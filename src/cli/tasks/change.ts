/** `tm cancel` and `tm retry`: changes tasks by id, on every node that knows them. */
import type { Task } from '../../api/client.ts'
import { messageOf } from '../../core/errors.ts'
import { inParallel } from '../../runtime/in-parallel.ts'
import type { NodeLink } from '../../state/cluster-nodes.ts'
import { askAll } from '../../state/cluster-nodes.ts'
import { lookupAt } from './wait.ts'

export type Change = 'cancel' | 'retry'

export interface ChangeOptions {
  change: Change
  ids: string[]
  nodes: NodeLink[]
  onDone: (tasks: number) => void
}

export interface Changed {
  /** In the order of the ids. */
  tasks: Task[]
  errors: { id: string; message: string }[]
  /** Nodes that did not answer: they may have some of the tasks too. */
  unreachable: { id: string; why: string }[]
}

/** What one node said of one task. */
type Said = { task: Task } | { error: string }

/** Requests under way at one node. */
const tasksAtOnce = 8

/** Two nodes may have the same task, if the answer to `tm enqueue` was lost: both are asked. */
export async function changeTasks(options: ChangeOptions): Promise<Changed> {
  const { change, nodes, onDone } = options
  const ids = [...new Set(options.ids)]
  const said = new Map<string, Said[]>(ids.map((id) => [id, []]))
  const done = new Set<string>()

  async function changeAt({ client }: NodeLink): Promise<void> {
    const known = await lookupAt(client, ids)
    const call = change === 'cancel' ? client.cancelTask : client.retryTask
    await inParallel(known, tasksAtOnce, async ({ id }) => {
      const answer = await call({ params: { id }, retries: 2 }).then(
        (task): Said => ({ task }),
        (error): Said => ({ error: messageOf(error) }),
      )
      said.get(id)?.push(answer)
      if ('task' in answer) onDone(done.add(id).size)
    })
  }

  const asked = await askAll(nodes, changeAt)
  const unreachable = asked.flatMap((one) => (one.ok ? [] : [{ id: one.node.id, why: one.why }]))
  const result: Changed = { tasks: [], errors: [], unreachable }
  for (const [id, answers] of said) {
    const outcome = outcomeOf(id, answers, unreachable.length > 0)
    if ('task' in outcome) result.tasks.push(outcome.task)
    else result.errors.push({ id, message: outcome.error })
  }
  return result
}

/** A task is changed if every node that knows it has changed it. */
function outcomeOf(id: string, answers: Said[], someAreAway: boolean): Said {
  const [first] = answers
  const nobody = someAreAway ? 'No node that answers knows' : 'No node knows'
  return answers.find((one) => 'error' in one) ?? first ?? { error: `${nobody} the task ${id}` }
}
