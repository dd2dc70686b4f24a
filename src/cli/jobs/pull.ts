/** `tm pull JOB`: fetches the outputs of all tasks of a job that have succeeded so far. */
import type { Task } from '../../api/client.ts'
import type { Reporter } from '../../core/progress.ts'
import { pluralize } from '../../core/text.ts'
import { parseTemplate } from '../../kinds/command/placeholders.ts'
import type { NodeLink } from '../../state/cluster-nodes.ts'
import { isDone } from '../tasks/wait.ts'
import { createCollector } from './collect.ts'
import { describeTaken, jobNamed, listJobs, tasksOfJob } from './jobs.ts'
import type { Taken } from './small-outputs.ts'
import { folderTemplate } from './targets.ts'

const takenAtOnce = 500

export interface PulledJob {
  job: string
  number: number
  files: string[]
  succeeded: number
  failed: number
  /** Tasks that are not done yet. */
  open: number
}

export async function pullJob(options: {
  nodes: NodeLink[]
  name: string
  to: string
  overwrite: boolean
  reporter: Reporter
  print: (bytes: Uint8Array) => Promise<boolean>
}): Promise<PulledJob> {
  const { nodes, name, to, reporter } = options
  const jobs = await listJobs(nodes, reporter.say)
  const found = jobNamed(jobs, name)
  const { id, definition } = found
  const { job, printsStdout, tasks } = definition
  let collector: ReturnType<typeof createCollector> | undefined
  /** The values that every task of the job has, with its number. */
  const valuesOf = ({ n, values }: Task) => ({ n: String(n), ...values })

  /** Made for the first task, which says what values there are. */
  function collectorFor(task: Task) {
    const known = new Set(Object.keys(valuesOf(task)))
    const folder = folderTemplate(parseTemplate(to, known), job, tasks > 1)
    const place = { folder: printsStdout ? undefined : folder, valuesOf }
    collector ??= createCollector({ ...options, ...place, onProblem: reporter.say })
    return collector
  }

  const counts = { succeeded: 0, failed: 0, open: 0 }
  let taken: Taken[] = []
  let taking: Promise<void>[] = []
  /** Files are fetched while those before them are written; what is printed keeps its order. */
  const atOnce = printsStdout ? 1 : 2
  async function take(): Promise<void> {
    if (taking.length === atOnce) await taking.shift()
    const [first] = taken
    if (!first) return
    const next = collectorFor(first.task).take(taken)
    // It is awaited later.
    next.catch(() => {})
    taking = [...taking, next]
    counts.succeeded += taken.length
    taken = []
  }
  for await (const { task, node } of tasksOfJob(nodes, id)) {
    if (!isDone(task)) counts.open += 1
    else if (task.state !== 'succeeded') counts.failed += 1
    else taken.push({ task, node })
    if (taken.length === takenAtOnce) await take()
  }
  await take()
  await Promise.all(taking)
  collector?.end()
  const rest = [
    ...(counts.failed > 0 ? [`${pluralize(counts.failed, 'task')} did not succeed`] : []),
    ...(counts.open > 0 ? [`${pluralize(counts.open, 'task')} not done yet`] : []),
    ...describeTaken(jobs, found),
  ]
  const files = [...(collector?.files ?? [])]
  const here = printsStdout ? pluralize(counts.succeeded, 'task') : pluralize(files.length, 'file')
  reporter.say([`job ${definition.number}: ${here} here`, ...rest].join(', '))
  return { job: id, number: definition.number, files, ...counts }
}
