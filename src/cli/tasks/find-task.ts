/** The task that a word means: its id, the beginning of that, or a job and the task's number in it. */
import type { Task } from '../../api/client.ts'
import { TmError } from '../../core/errors.ts'
import { suggest, tm } from '../../core/suggestions.ts'
import { isTaskId } from '../../core/task.ts'
import { pluralize } from '../../core/text.ts'
import { answered, askAll, type NodeLink } from '../../state/cluster-nodes.ts'
import { type JobView, jobNamed, listJobs, tasksOfJob } from '../jobs/jobs.ts'

export interface FoundTask {
  task: Task
  /** The node that has it. */
  node: NodeLink
}

/** `3:12`, `last:1` */
const numbered = /^(.+):(\d{1,9})$/
const wholeJob = /^(\d{1,9}|last)$/
/** No name of a machine looks like this. */
const beginning = /^[0-9a-f]{8}(-[0-9a-f-]*)?$/

/** `3:12` */
export const isInJob = (word: string) => numbered.test(word)

/** Whether a word means a task, where it could also mean a machine. */
export function meansTask(word: string): boolean {
  return [numbered, wholeJob].some((form) => form.test(word)) || beginning.test(word.toLowerCase())
}

/** Throws `not_found`, `conflict` if several begin like that. */
export async function findTask(
  nodes: NodeLink[],
  word: string,
  onMissing: (text: string) => void,
): Promise<FoundTask> {
  const [, name = word, n] = numbered.exec(word) ?? []
  if (n === undefined && !wholeJob.test(word)) return await withBeginning(nodes, word, onMissing)
  const job = jobNamed(await listJobs(nodes, onMissing), name)
  return n === undefined ? await mostTelling(nodes, job) : await inJob(nodes, job, Number(n))
}

async function withBeginning(
  nodes: NodeLink[],
  word: string,
  onMissing: (text: string) => void,
): Promise<FoundTask> {
  const query = { beginning: word.toLowerCase(), limit: 10, cursor: 0 }
  const asked = await askAll(nodes, async (node) => {
    const { tasks } = await node.client.listTasks({ query, timeoutMs: 10_000 })
    return tasks.map((task) => ({ task, node }))
  })
  const found = answered(asked, onMissing).flat()
  const ids = [...new Set(found.map(({ task }) => task.id))]
  if (ids.length > 1) throw ambiguous(word, ids)
  const [first] = found
  if (first) return first
  const what = isTaskId(word.toLowerCase()) ? 'knows the task' : 'knows a task that begins with'
  throw new TmError('not_found', `No node ${what} ${word}`, {
    suggestions: [suggest`See the jobs: ${tm('jobs')}`],
  })
}

async function inJob(nodes: NodeLink[], job: JobView, n: number): Promise<FoundTask> {
  for await (const found of tasksOfJob(nodes, job.id)) if (found.task.n === n) return found
  const { number, tasks } = job.definition
  throw new TmError('not_found', `Job ${number} has no task ${n}`, {
    suggestions: [`It has ${pluralize(tasks, 'task')}: ${number}:1 is the first`],
  })
}

/** The first that failed; without one, the first that runs; else the first of all. */
async function mostTelling(nodes: NodeLink[], job: JobView): Promise<FoundTask> {
  const { failed, running } = job.counts
  const wanted = failed > 0 ? 'failed' : running > 0 ? 'running' : undefined
  let first: FoundTask | undefined
  for await (const found of tasksOfJob(nodes, job.id)) {
    if (wanted === undefined || found.task.state === wanted) return found
    first ??= found
  }
  if (first) return first
  throw new TmError('not_found', `Job ${job.definition.number} has no tasks yet`)
}

function ambiguous(word: string, ids: string[]): TmError {
  return new TmError('conflict', `${ids.length} or more tasks begin with ${word}`, {
    suggestions: [`Give more of the id: ${ids.slice(0, 3).join(', ')} …`],
  })
}
