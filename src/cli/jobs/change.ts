/** Cancels a job, or queues its failed tasks again: on every node. */
import { TmError } from '../../core/errors.ts'
import { again, suggest, tm } from '../../core/suggestions.ts'
import { pluralize } from '../../core/text.ts'
import { askAll, type NodeLink } from '../../state/cluster-nodes.ts'
import { type JobView, jobNamed, listJobs } from './jobs.ts'

export interface ChangedJob {
  job: string
  number: number
  /** How many of its tasks changed. */
  tasks: number
}

const done = { cancel: 'cancelled', retry: 'queued again' }

/** Throws `unreachable` if a node did not answer: its tasks are as they were. */
export async function changeJob(options: {
  change: 'cancel' | 'retry'
  nodes: NodeLink[]
  name: string
  print: (text: string) => void
}): Promise<ChangedJob> {
  const { change, nodes, name, print } = options
  const { id, definition }: JobView = jobNamed(await listJobs(nodes, () => {}), name)
  const asked = await askAll(nodes, async ({ client }) => {
    const request = { params: { id }, retries: 3 }
    const changing = change === 'cancel' ? client.cancelJob(request) : client.retryJob(request)
    // A node that was away when the job came has none of its tasks.
    return { tasks: 0, resumed: false, ...(await changing) }
  })
  const answers = asked.flatMap((one) => (one.ok ? [one.value] : []))
  const tasks = answers.reduce((sum, answer) => sum + answer.tasks, 0)
  const goesOn = answers.some(({ resumed }) => resumed) ? ' goes on' : ''
  const what = `${pluralize(tasks, 'task')} ${done[change]}`
  print(`Job ${definition.number} ${definition.name}${goesOn}: ${what}`)
  const silent = asked.find(({ ok }) => !ok)
  if (silent && !silent.ok) throw notAsked(silent.node.id, silent.why)
  return { job: id, number: definition.number, tasks }
}

function notAsked(node: string, why: string): TmError {
  return new TmError('unreachable', `The tasks on ${node} are as they were: ${why}`, {
    suggestions: [suggest`See what is wrong: ${tm('health')}`, suggest`Then: ${again}`],
  })
}
