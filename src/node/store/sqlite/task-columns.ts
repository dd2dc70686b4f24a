/**
 * New tasks on their way to the store's thread: in columns, for all calls of a message together,
 * because a message with a thousand objects costs more than taking in a thousand small tasks.
 */
import type { AcceptedTask, NewTask } from '../../../core/task.ts'
import type { Call } from './messages.ts'

type SharedWork = Pick<NewTask, 'kind' | 'spec' | 'job' | 'key'>

interface TaskColumns {
  ids: string[]
  /** Neighbours mostly ask for the same work: it is sent once for all of them. */
  works: SharedWork[]
  workOf: number[]
  costs: number[]
  bodies: Uint8Array<ArrayBuffer>[]
}

export interface CallMessage {
  /** Calls of `enqueue` have the number of their tasks in place of the tasks. */
  calls: Call[]
  tasks: TaskColumns
}

export function packCalls(calls: Call[]): CallMessage {
  const tasks: TaskColumns = { ids: [], works: [], workOf: [], costs: [], bodies: [] }
  const packed = calls.map((call) => {
    if (call.method !== 'enqueue') return call
    const [given, ...args] = call.args as [AcceptedTask[]]
    for (const task of given) addTask(tasks, task)
    return { ...call, args: [given.length, ...args] }
  })
  return { calls: packed, tasks }
}

function addTask(
  { ids, works, workOf, costs, bodies }: TaskColumns,
  { id, kind, spec, job, key, cost, body }: AcceptedTask,
): void {
  const last = works.at(-1)
  if (last?.kind !== kind || last.spec !== spec || last.job !== job || last.key !== key) {
    const keyed = key === undefined ? {} : { key }
    works.push(job === undefined ? { kind, spec } : { kind, spec, job, ...keyed })
  }
  ids.push(id)
  workOf.push(works.length - 1)
  costs.push(cost)
  bodies.push(body)
}

export function unpackCalls({ calls, tasks }: CallMessage): Call[] {
  let next = 0
  return calls.map((call) => {
    if (call.method !== 'enqueue') return call
    const [count, ...args] = call.args as [number]
    const from = next
    next += count
    const given = Array.from({ length: count }, (_, index) => taskAt(tasks, from + index))
    return { ...call, args: [given, ...args] }
  })
}

function taskAt({ ids, works, workOf, costs, bodies }: TaskColumns, at: number): AcceptedTask {
  const work = works[workOf[at] as number] as SharedWork
  return {
    id: ids[at] as string,
    ...work,
    cost: costs[at] as number,
    body: bodies[at] as Uint8Array<ArrayBuffer>,
  }
}
