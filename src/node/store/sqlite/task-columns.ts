/**
 * Calls of `enqueue` on their way to the store's thread: in columns, for all calls of a message
 * together, and their bodies in one piece, because a message with a thousand objects costs more than
 * enqueuing a thousand small tasks.
 */
import type { AcceptedTask, NewTask } from '../../../core/task.ts'
import type { TaskStore } from '../task-store.ts'
import type { Call } from './messages.ts'

/** Larger bodies stay apart, so that they can move to the thread without a copy. */
const joinedUpToBytes = 1024 ** 2
const notJoined = -1

type Bytes = Uint8Array<ArrayBuffer>
type SharedWork = Pick<NewTask, 'kind' | 'spec' | 'job' | 'key'>

interface EnqueueColumns {
  numbers: number[]
  /** How many tasks each call has. */
  counts: number[]
  steady: number[]
  wall: number[]
}

interface TaskColumns {
  ids: string[]
  /** Neighbours mostly ask for the same work: it is sent once for all of them. */
  works: SharedWork[]
  workOf: number[]
  costs: number[]
  /** Of each body that is joined with the others; −1 for one that stays apart. */
  sizes: number[]
  joined: Bytes
  apart: Bytes[]
}

export interface CallMessage {
  enqueues: EnqueueColumns
  tasks: TaskColumns
  /** Calls of other methods. They run after those of `enqueue`. */
  others: Call[]
}

export function packCalls(calls: Call[]): CallMessage {
  const enqueues: EnqueueColumns = { numbers: [], counts: [], steady: [], wall: [] }
  const tasks: AcceptedTask[] = []
  const others: Call[] = []
  for (const call of calls) {
    if (call.method !== 'enqueue') others.push(call)
    else {
      const [given, { steady, wall }] = call.args as Parameters<TaskStore['enqueue']>
      enqueues.numbers.push(call.number)
      enqueues.counts.push(given.length)
      enqueues.steady.push(steady)
      enqueues.wall.push(wall)
      for (const task of given) tasks.push(task)
    }
  }
  return { enqueues, tasks: toColumns(tasks), others }
}

function toColumns(tasks: AcceptedTask[]): TaskColumns {
  const works: SharedWork[] = []
  const columns = { ids: [] as string[], workOf: [] as number[], costs: [] as number[] }
  const sizes = tasks.map(({ body }) => (isJoined(body) ? body.length : notJoined))
  const apart: Bytes[] = []
  const joined = new Uint8Array(sizes.reduce((sum, size) => sum + Math.max(0, size), 0))
  let at = 0
  for (const { id, kind, spec, job, key, cost, body } of tasks) {
    const last = works.at(-1)
    if (last?.kind !== kind || last.spec !== spec || last.job !== job || last.key !== key) {
      const keyed = key === undefined ? {} : { key }
      works.push(job === undefined ? { kind, spec } : { kind, spec, job, ...keyed })
    }
    columns.ids.push(id)
    columns.workOf.push(works.length - 1)
    columns.costs.push(cost)
    if (isJoined(body)) {
      joined.set(body, at)
      at += body.length
    } else apart.push(body)
  }
  return { ...columns, works, sizes, joined, apart }
}

/** What is no body at all stays apart too: the store's thread refuses its call. */
function isJoined(body: unknown): boolean {
  return body instanceof Uint8Array && body.length <= joinedUpToBytes
}

export function unpackCalls({ enqueues, tasks, others }: CallMessage): Call[] {
  const next = taskReader(tasks)
  const calls = enqueues.numbers.map((number, index): Call => {
    const given = Array.from({ length: enqueues.counts[index] as number }, next)
    const now = { steady: enqueues.steady[index], wall: enqueues.wall[index] }
    return { number, method: 'enqueue', args: [given, now] }
  })
  return calls.length === 0 ? others : [...calls, ...others]
}

/** Reads one task after another. */
function taskReader({ ids, works, workOf, costs, sizes, joined, apart }: TaskColumns) {
  let index = 0
  let at = 0
  let nextApart = 0

  function readBody(size: number): Bytes {
    if (size === notJoined) {
      nextApart += 1
      return apart[nextApart - 1] as Bytes
    }
    at += size
    return joined.subarray(at - size, at)
  }

  return (): AcceptedTask => {
    const work = works[workOf[index] as number] as SharedWork
    const body = readBody(sizes[index] as number)
    const task = { id: ids[index] as string, ...work, cost: costs[index] as number, body }
    index += 1
    return task
  }
}
