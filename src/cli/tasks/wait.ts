/** Waits until tasks are done, wherever they are, and says what it waits for. */
import { setTimeout as sleep } from 'node:timers/promises'
import { TmError } from '../../core/errors.ts'
import type { Task } from '../../core/task.ts'
import { askAll, type NodeLink } from '../nodes.ts'

export interface WaitOptions {
  ids: string[]
  nodes: NodeLink[]
  onProgress: (done: number) => void
  onWarning: (text: string) => void
}

const lookupSize = 1000
const shortestPause = 20
const longestPause = 1000

export function isDone({ state }: Task): boolean {
  return state === 'succeeded' || state === 'failed' || state === 'cancelled'
}

/**
 * The tasks, done, in the order of their ids. Throws `not_found` when all nodes answer and none
 * knows an id; as long as a node is away, its tasks are waited for.
 */
export async function waitForTasks(options: WaitOptions): Promise<Task[]> {
  const { ids, nodes, onProgress, onWarning } = options
  const done = new Map<string, Task>()
  const warned = new Set<string>()
  let pending = [...new Set(ids)]
  let pause = shortestPause

  while (pending.length > 0) {
    const began = performance.now()
    const { tasks, missing } = await findTasks(pending, nodes)
    for (const task of tasks.values()) if (isDone(task)) done.set(task.id, task)
    const unknown = pending.filter((id) => !tasks.has(id))
    if (unknown.length > 0 && missing.length === 0) throw unknownIds(unknown)
    for (const { id, why } of missing) {
      if (!warned.has(id)) onWarning(`Warning: waiting for ${id} to come back: ${why}`)
      warned.add(id)
    }
    pending = pending.filter((id) => !done.has(id))
    onProgress(done.size)
    if (pending.length === 0) break
    // Looking takes no more than a fifth of the time: it must not slow down what it looks at.
    await sleep(Math.max(pause, 4 * (performance.now() - began)))
    pause = Math.min(longestPause, pause * 1.4)
  }
  return ids.map((id) => done.get(id) as Task)
}

export interface Found {
  tasks: Map<string, Task>
  /** Nodes that did not answer. */
  missing: { id: string; why: string }[]
}

/** These tasks, from whichever node has them. */
export async function findTasks(ids: string[], nodes: NodeLink[]): Promise<Found> {
  const found: Found = { tasks: new Map(), missing: [] }
  const asked = await askAll(nodes, async ({ client }) => {
    const tasks: Task[] = []
    for (let start = 0; start < ids.length; start += lookupSize) {
      tasks.push(...(await client.lookup(ids.slice(start, start + lookupSize))))
    }
    return tasks
  })
  for (const one of asked) {
    if (!one.ok) found.missing.push({ id: one.node.id, why: one.why })
    else
      for (const task of one.value) found.tasks.set(task.id, better(task, found.tasks.get(task.id)))
  }
  return found
}

/** A task that two nodes took has one visible result: the earliest. */
function better(task: Task, other: Task | undefined): Task {
  if (!other) return task
  const hasResult = (one: Task) => one.state === 'succeeded'
  if (hasResult(task) !== hasResult(other)) return hasResult(task) ? task : other
  return (task.completedAt ?? Infinity) < (other.completedAt ?? Infinity) ? task : other
}

function unknownIds(ids: string[]): TmError {
  const more = ids.length > 1 ? ` (and ${ids.length - 1} more)` : ''
  return new TmError('not_found', `No node knows the task ${ids[0]}${more}`, {
    suggestions: ['See what there is: tm pull'],
  })
}
