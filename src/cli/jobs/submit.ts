/** Sends a job to a cluster: the job to every node, then its tasks. */
import { v7 } from 'uuid'
import { TmError } from '../../core/errors.ts'
import type { Reporter } from '../../core/progress.ts'
import type { JobDefinition } from '../../kinds/command/job.ts'
import { createKeys } from '../../kinds/command/key.ts'
import { answered, askAll, type NodeLink } from '../../state/cluster-nodes.ts'
import type { ClusterState } from '../../state/cluster-state.ts'
import { rememberFiles } from '../../state/file-names.ts'
import { enqueueFiles, type Source } from '../tasks/enqueue.ts'
import type { Earlier } from './earlier.ts'
import { readInput } from './input.ts'
import { listJobs } from './jobs.ts'
import { inputName, type TaskValues } from './values.ts'

export interface SubmitOptions {
  state: ClusterState
  nodes: NodeLink[]
  definition: JobDefinition
  tasks: TaskValues[]
  /** Tasks of earlier jobs that take the place of some: these are not sent. */
  earlier: Earlier
  maxBody: number
  reporter: Reporter
}

export interface Submitted {
  id: string
  number: number
  /** Of the tasks that were sent, and of earlier ones. */
  tasks: string[]
  /** The place of each earlier task in the job, by its id. */
  places: ReadonlyMap<string, number>
  errors: { file: string; message: string }[]
}

/** The number of the next job, by what the nodes have. Two jobs at once may get the same. */
export async function nextNumber(nodes: NodeLink[]): Promise<number> {
  const jobs = await listJobs(nodes, () => {})
  return jobs.reduce((next, { definition }) => Math.max(next, definition.number + 1), 1)
}

/**
 * Throws `unreachable` if no node takes the job, `invalid` or `forbidden` if one refuses it. Nodes that do not answer
 * get none of its tasks.
 */
export async function submitJob(options: SubmitOptions): Promise<Submitted> {
  const { state, nodes, definition, earlier, maxBody, reporter } = options
  const id = v7()
  const put = await askAll(nodes, ({ client }) =>
    client.putJob({ params: { id }, json: definition, retries: 3 }).then(() => undefined, refusal),
  )
  const refused = answered(put, reporter.say).find((error) => error !== undefined)
  if (refused) throw refused
  const taking = nodes.filter((_, index) => put[index]?.ok)
  if (taking.length === 0) throw new TmError('unreachable', 'No node takes the job')
  const sources = sourcesOf(options, id)
  const counter = reporter.count('sent', sources.length)
  try {
    const sent = await enqueueFiles({
      sources,
      nodes: taking,
      maxBody,
      onSending: (sending) => rememberFiles(state, sending),
      onId: () => {},
      onBad: (_, { message }) => reporter.say(`Error: ${message}`),
      onDone: counter.set,
      onWarning: reporter.say,
    })
    counter.set(sent.tasks.length)
    counter.end(sent.errors.length === 0)
    const { errors } = sent
    const places = new Map([...earlier.tasks].map(([place, task]) => [task.id, place]))
    const ids = [...places.keys(), ...sent.tasks.map((task) => task.id)]
    return { id, number: definition.number, tasks: ids, places, errors }
  } catch (error) {
    counter.end(false)
    throw error
  }
}

/** All tasks but those that an earlier job has. */
function sourcesOf({ definition, tasks, earlier }: SubmitOptions, job: string): Source[] {
  const taken = new Set([...earlier.tasks.values()].map(({ key }) => key))
  const keys = createKeys(definition.job, taken)
  return tasks.flatMap((task, place): Source[] => {
    if (earlier.tasks.has(place)) return []
    const { values } = task
    return [
      {
        file: inputName(task) ?? `${definition.name} ${values.n ?? place + 1}`,
        job,
        work: { kind: 'command', spec: JSON.stringify({ n: place + 1, values }) },
        // What is read in place may change without anybody noticing.
        ...(task.inPlace ? {} : { keyFor: (body) => keys.next({ values, body }) }),
        body: earlier.body ?? ((reading) => readInput(task, reading)),
      },
    ]
  })
}

/** What a node says of a job that no other will take either. Throws all other errors. */
function refusal(error: unknown): TmError {
  if (error instanceof TmError && ['invalid', 'forbidden'].includes(error.code)) return error
  throw error
}
