/** Asks the nodes why a task or a job is where it is. */
import type { AnswerOf } from '../../api/client.ts'
import { TmError } from '../../core/errors.ts'
import { suggest, tm } from '../../core/suggestions.ts'
import { answered, askAll, type NodeLink } from '../../state/cluster-nodes.ts'
import { type JobView, jobNamed, listJobs } from '../jobs/jobs.ts'
import { findTask, isInJob } from '../tasks/find-task.ts'

export type Explanation = AnswerOf<'explainTask'>

/** As `tm explain --json` shows it. */
export interface Explained {
  task?: { id: string; job?: string; n?: number; values?: Record<string, string> }
  job?: { id: string; number: number; name: string }
  /** One of each node that has tasks of it. */
  explanations: (Explanation & { node: string })[]
}

/** Throws `not_found`, `conflict`, `unreachable`. */
export async function explain(
  nodes: NodeLink[],
  word: string,
  onMissing: (text: string) => void,
): Promise<Explained> {
  const job = isInJob(word) ? undefined : await jobMeant(nodes, word)
  return job ? await explainJob(nodes, job, onMissing) : await explainTask(nodes, word, onMissing)
}

/** Undefined if no job is called that: it may be a task. */
async function jobMeant(nodes: NodeLink[], word: string): Promise<JobView | undefined> {
  // The warning about nodes that are away comes once, with what follows.
  const jobs = await listJobs(nodes, () => {})
  try {
    return jobNamed(jobs, word)
  } catch (error) {
    const isUnknown = error instanceof TmError && error.code === 'not_found'
    if (!isUnknown || !mayBeTask(word)) throw error
    return undefined
  }
}

/** The beginning of an id. */
function mayBeTask(word: string): boolean {
  return /^[0-9a-f]{4}[0-9a-f-]*$/i.test(word)
}

async function explainTask(
  nodes: NodeLink[],
  word: string,
  onMissing: (text: string) => void,
): Promise<Explained> {
  const { task, node } = await findTask(nodes, word, onMissing)
  const { id, job, n, values } = task
  const found = await node.client.explainTask({ params: { id }, timeoutMs: 10_000 })
  const known = { id, ...(job ? { job } : {}), ...(n === undefined ? {} : { n }) }
  return {
    task: { ...known, ...(values ? { values } : {}) },
    explanations: [{ node: node.id, ...found }],
  }
}

async function explainJob(
  nodes: NodeLink[],
  job: JobView,
  onMissing: (text: string) => void,
): Promise<Explained> {
  const { id } = job
  const asked = await askAll(nodes, async ({ id: node, client }) => {
    const found = await client.explainJob({ params: { id }, timeoutMs: 10_000 })
    return found ? [{ node, ...found }] : []
  })
  const explanations = answered(asked, onMissing).flat()
  // It was there a moment ago.
  if (explanations.length === 0) {
    throw new TmError('unreachable', 'No node with tasks of this job answers', {
      suggestions: [suggest`See what is wrong: ${tm('health')}`],
    })
  }
  const { number, name } = job.definition
  const withTasks = explanations.filter(({ why }) => why !== 'no-tasks')
  return {
    job: { id, number, name },
    explanations: withTasks.length > 0 ? withTasks : explanations,
  }
}
