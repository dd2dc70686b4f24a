/** What a task has written: kept of attempts that failed, or among the outputs of a succeeded one. */
import type { AnswerOf, Task } from '../../api/client.ts'
import type { KeptText } from '../../core/task.ts'
import { keptTextBytes } from '../../kinds/command/ending.ts'
import type { Job } from '../../kinds/command/job.ts'
import { fill } from '../../kinds/command/placeholders.ts'
import type { NodeLink } from '../../state/cluster-nodes.ts'
import { readOutputs } from '../jobs/fetch.ts'
import type { FoundTask } from '../tasks/find-task.ts'

export type Attempt = NonNullable<AnswerOf<'attemptsOfTask'>>['attempts'][number]

export type Stream = 'stdout' | 'stderr'

export interface TaskLog {
  task: Task
  /** The newest that failed, oldest first. */
  attempts: Attempt[]
  /** Of the attempt that succeeded, where the job keeps them as outputs, or of one that runs. */
  stdout?: KeptText
  stderr?: KeptText
}

export async function readTaskLog({ task, node }: FoundTask): Promise<TaskLog> {
  const answer = await node.client.attemptsOfTask({ params: { id: task.id }, retries: 2 })
  return { task, attempts: answer?.attempts ?? [], ...(await keptOutputs(task, node)) }
}

async function keptOutputs(task: Task, node: NodeLink) {
  if (task.state !== 'succeeded' || task.job === undefined) return {}
  const found = await node.client.getJob({ params: { id: task.job }, retries: 2 })
  const kept: Pick<TaskLog, 'stdout' | 'stderr'> = {}
  for (const stream of ['stdout', 'stderr'] as const) {
    const template = (found?.definition.job as Job | undefined)?.[stream]
    const text = template && (await endOfOutput(task, node, nameOf(template, task)))
    if (text) kept[stream] = text
  }
  return kept
}

function nameOf(template: NonNullable<Job['stdout']>, { id, attempts, values }: Task): string {
  return fill(template, { ...values, task: id, attempt: String(attempts) })
}

/** The last 64 KiB of one output; undefined if the task has none of this name. */
async function endOfOutput(
  task: Task,
  node: NodeLink,
  name: string,
): Promise<KeptText | undefined> {
  let start = 0
  for (const output of task.outputs ?? []) {
    const end = start + output.size
    if (output.name === name) {
      const from = Math.max(start, end - keptTextBytes)
      const pieces: Uint8Array[] = []
      for await (const piece of readOutputs(node, task.id, from, end)) pieces.push(piece)
      return { text: Buffer.concat(pieces).toString('utf8'), bytes: output.size }
    }
    start = end
  }
  return undefined
}
