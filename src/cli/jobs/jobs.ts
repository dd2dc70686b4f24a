/** The jobs of a cluster: of all its nodes together, and the one that a user means. */
import type { AnswerOf } from '../../api/client.ts'
import { TmError } from '../../core/errors.ts'
import { suggest, tm } from '../../core/suggestions.ts'
import { isTaskId, type TaskState, taskStates } from '../../core/task.ts'
import { number, pluralize } from '../../core/text.ts'
import { askAll, type NodeLink } from '../../state/cluster-nodes.ts'

export type JobView = AnswerOf<'listJobs'>['jobs'][number]

/** Newest first. Throws `unreachable` if no node answers; names the nodes that did not. */
export async function listJobs(
  nodes: NodeLink[],
  onMissing: (text: string) => void,
): Promise<JobView[]> {
  const asked = await askAll(nodes, ({ client }) => client.listJobs({ timeoutMs: 10_000 }))
  const byId = new Map<string, JobView>()
  for (const one of asked) {
    if (!one.ok) onMissing(`Warning: the tasks on ${one.node.id} are left out: ${one.why}`)
    else for (const job of one.value.jobs) byId.set(job.id, sum(byId.get(job.id), job))
  }
  if (asked.every(({ ok }) => !ok)) {
    throw new TmError('unreachable', 'No node of the cluster answers', {
      suggestions: [suggest`See what is wrong: ${tm('health')}`],
    })
  }
  return [...byId.values()].sort((a, b) => b.createdAt - a.createdAt)
}

function sum(known: JobView | undefined, job: JobView): JobView {
  if (!known) return job
  const counts = taskStates.map((state) => [state, known.counts[state] + job.counts[state]])
  const createdAt = Math.min(known.createdAt, job.createdAt)
  const paused = known.paused ?? job.paused
  const isBeingTried = known.isBeingTried ?? job.isBeingTried
  return {
    ...job,
    ...(paused === undefined ? {} : { paused }),
    ...(isBeingTried ? { isBeingTried } : {}),
    createdAt,
    counts: Object.fromEntries(counts) as Record<TaskState, number>,
  }
}

/** The only word, if it names a job. A whole id may be of a task; anything else of its length is broken. */
export function jobName(words: string[]): string | undefined {
  const [word = '', other] = words
  const isName = other === undefined && word !== '-' && word.length <= 32
  return isName && !isTaskId(word.toLowerCase()) ? word : undefined
}

/** The only word, if it is the whole id of a job that a node knows. */
export async function jobId(words: string[], nodes: NodeLink[]): Promise<string | undefined> {
  const [word = '', other] = words
  const id = word.toLowerCase()
  if (other !== undefined || !isTaskId(id)) return undefined
  const ask = ({ client }: NodeLink) => client.getJob({ params: { id }, timeoutMs: 5000 })
  const asked = await askAll(nodes, ask)
  return asked.some((one) => one.ok && one.value !== undefined) ? id : undefined
}

/** `last`, a number, a name, or the beginning of an id. Throws `not_found`, `conflict`. */
export function jobNamed(jobs: JobView[], name: string): JobView {
  const ways: ((job: JobView) => boolean)[] = [
    (job) => name === 'last' && job === jobs[0],
    ({ definition }) => name === String(definition.number),
    ({ definition }) => name === definition.name,
    ({ id }) => name.length >= 4 && id.startsWith(name.toLowerCase()),
  ]
  for (const matches of ways) {
    const found = jobs.filter(matches)
    const [job, other] = found
    if (job && !other) return job
    if (job) throw ambiguous(name, found)
  }
  throw new TmError('not_found', `There is no job ${name}`, {
    suggestions: [suggest`See the jobs: ${tm('jobs')}`],
  })
}

function ambiguous(name: string, found: JobView[]): TmError {
  const ids = found.map(({ id, definition }) => `${definition.number} (${id})`).join(', ')
  return new TmError('conflict', `${pluralize(found.length, 'job')} are called ${name}: ${ids}`, {
    suggestions: ['Give the beginning of the id'],
  })
}

/** `912 are of job 3`: where a job with --resume has taken tasks from; empty if from nowhere. */
export function describeTaken(jobs: JobView[], { definition }: JobView): string[] {
  const numbers = new Map(jobs.map(({ id, definition }) => [id, definition.number]))
  return (definition.taken ?? []).map(({ job, tasks }) => {
    const known = numbers.get(job)
    const which = known === undefined ? 'a job that is no longer here' : `job ${known}`
    return `${number(tasks)} ${tasks === 1 ? 'is' : 'are'} of ${which}`
  })
}

/** The tasks of a job, of all nodes that answer. Throws if a node does not. */
export async function* tasksOfJob(nodes: NodeLink[], id: string) {
  for (const node of nodes) {
    for (let cursor: number | undefined = 0; cursor !== undefined; ) {
      const query = { limit: 1000, cursor }
      // A node that was away when the job came has none of its tasks.
      const page: AnswerOf<'listTasksOfJob'> = await node.client.listTasksOfJob({
        params: { id },
        query,
        retries: 3,
      })
      for (const task of page?.tasks ?? []) yield { task, node }
      cursor = page?.next
    }
  }
}
