/**
 * `tm run --resume`: finds, on all nodes, the tasks of earlier jobs that have done what this job asks for,
 * or are about to. They are recognized by their content, so it does not matter which machine sent them.
 */
import type { AnswerOf } from '../../api/client.ts'
import { TmError } from '../../core/errors.ts'
import type { Reporter } from '../../core/progress.ts'
import { suggest, tm } from '../../core/suggestions.ts'
import type { Job } from '../../kinds/command/job.ts'
import { createKeys } from '../../kinds/command/key.ts'
import { askAll, type NodeLink } from '../../state/cluster-nodes.ts'
import { readInput } from './input.ts'
import type { TaskValues } from './values.ts'

export type EarlierTask = AnswerOf<'lookupTasksByKey'>['tasks'][number]

export interface Earlier {
  /** By their places among the tasks of the new job. */
  tasks: ReadonlyMap<number, EarlierTask>
  /** The input of the only task: if it is a pipe, it can be read once. */
  body?: Uint8Array<ArrayBuffer>
}

const batchTasks = 1000

export interface Finding {
  job: Job
  tasks: TaskValues[]
  nodes: NodeLink[]
  maxBody: number
  reporter: Reporter
}

/** Throws `unreachable` if a node does not answer: its tasks would be run again. */
export async function findEarlier(options: Finding): Promise<Earlier> {
  const { job, tasks, nodes, maxBody, reporter } = options
  const isOnly = tasks.length === 1
  const keys = createKeys(job)
  const places = new Map<string, number>()
  const found = new Map<number, EarlierTask>()
  let only: Uint8Array<ArrayBuffer> | undefined
  const counter = reporter.count('compared with earlier jobs', tasks.length)

  async function look(): Promise<void> {
    const okExit = new Set(job.okExit)
    for (const task of await mostDone(nodes, [...places.keys()])) {
      const isGood = task.exit === undefined || okExit.has(task.exit)
      // A stdout of which the middle was left out is not a whole one.
      const isWhole = (task.leftOut ?? 0) === 0
      if (isGood && isWhole) found.set(places.get(task.key) as number, task)
    }
    places.clear()
  }

  try {
    for (const [place, task] of tasks.entries()) {
      const body = await readIfPossible(task, { maxBody, isOnly, onWaiting: reporter.say })
      if (!body) continue
      if (isOnly) only = body
      places.set(keys.next({ values: task.values, body }), place)
      if (places.size === batchTasks) await look()
      counter.set(place + 1)
    }
    if (places.size > 0) await look()
    counter.set(tasks.length)
    counter.end(true)
  } catch (error) {
    counter.end(false)
    throw error
  }
  return { tasks: found, ...(only ? { body: only } : {}) }
}

/** Undefined for a file that can't be read: whoever sends it says why. */
async function readIfPossible(...given: Parameters<typeof readInput>) {
  return await readInput(...given).catch((error: unknown) => {
    if (error instanceof TmError) return undefined
    throw error
  })
}

const ranks: Record<EarlierTask['state'], number> = {
  succeeded: 2,
  running: 1,
  queued: 0,
  failed: -1,
  cancelled: -1,
}

/** For each key, the task of any node that is most done. */
async function mostDone(nodes: NodeLink[], keys: string[]): Promise<Iterable<EarlierTask>> {
  const asked = await askAll(nodes, ({ client }) =>
    client.lookupTasksByKey({ json: { keys }, retries: 2 }),
  )
  const best = new Map<string, EarlierTask>()
  for (const one of asked) {
    if (!one.ok) throw notKnown(one.node.id, one.why)
    for (const task of one.value.tasks) {
      const other = best.get(task.key)
      if (!other || ranks[task.state] > ranks[other.state]) best.set(task.key, task)
    }
  }
  return best.values()
}

function notKnown(node: string, why: string): TmError {
  return new TmError('unreachable', `${node} can't say which of the tasks it has: ${why}`, {
    suggestions: [
      suggest`See what is wrong: ${tm('health')}`,
      'Or leave out --resume: everything is then run again',
    ],
  })
}
