/** `tm run`: defines a job, sends it, and brings the outputs of each task here as it is done. */
import type { Task } from '../../api/client.ts'
import { TmError } from '../../core/errors.ts'
import type { Reporter } from '../../core/progress.ts'
import type { JobDefinition } from '../../kinds/command/job.ts'
import { parseTemplate, type Template } from '../../kinds/command/placeholders.ts'
import { answered, askAll, type NodeLink } from '../../state/cluster-nodes.ts'
import type { ClusterState } from '../../state/cluster-state.ts'
import { type FailFast, tasksOf } from '../flags/fail-fast.ts'
import type { PausedJob } from '../tasks/paused-jobs.ts'
import { isDone, waitForTasks } from '../tasks/wait.ts'
import { nodesWhileThere } from '../tasks/wait-and-show.ts'
import { canaryNotice } from './canary-notice.ts'
import { createCollector } from './collect.ts'
import { defineJob, type Wanted } from './define.ts'
import { countEarlier, describeEarlier, type EarlierCounts, takenFrom } from './describe-earlier.ts'
import { type Earlier, type Finding, findEarlier } from './earlier.ts'
import { refuseSharedCollisions } from './shared/collisions.ts'
import { sendShared } from './shared/send.ts'
import type { SharedSource } from './shared/source.ts'
import { withShownStdout } from './shown-stdout.ts'
import { nextNumber, type Submitted, submitJob } from './submit.ts'
import { folderTemplate, refuseCollisions } from './targets.ts'
import {
  inputName,
  namesOfValues,
  type TaskValues,
  type ValueSources,
  valuesFrom,
} from './values.ts'
import { watchJob } from './watch-job.ts'

export interface RunOptions {
  state: ClusterState
  nodes: NodeLink[]
  wanted: Wanted
  sources: ValueSources
  /** What all tasks share; `wanted` has the same. */
  shared?: SharedSource[]
  /** For people; the first word of the command if undefined. */
  name: string | undefined
  failFast: FailFast | undefined
  /** Until a task has succeeded, let one worker at a time run it. */
  canary: boolean
  to: string
  overwrite: boolean
  /** How much to keep of a stdout that is only shown; all of it if undefined. */
  maxStdout: number | undefined
  detach: boolean
  /** Take the results of equal tasks of earlier jobs. */
  resume: boolean
  reporter: Reporter
  /** Called once the job and its tasks are on the nodes. */
  onSent: (job: number) => void
  /** Writes what commands wrote to stdout, where they leave no outputs. */
  print: (bytes: Uint8Array) => Promise<boolean>
}

export interface RunResult {
  job: string
  number: number
  tasks: number
  /** Only with `resume`: how many tasks earlier jobs have. */
  earlier?: EarlierCounts
  /** Only if it waited. */
  failed?: { id: string; n?: number | undefined; error: string }[]
  /** Jobs that were paused, so that some tasks were not waited for. */
  paused?: PausedJob[]
  /** How many these are. */
  waiting?: number
  files?: string[]
  errors: { file: string; message: string }[]
}

/** What `tm run` is about to send. */
export interface RunPlan {
  definition: JobDefinition
  /** With the values that the command needs: only these are sent. */
  tasks: TaskValues[]
  /** With all values. */
  all: TaskValues[]
  /** The folder for the outputs of each task. */
  folder: Template
}

export function planRun(
  options: Omit<RunOptions, 'nodes' | 'state' | 'resume'>,
  jobNumber: number,
): RunPlan {
  const { sources, to, name, failFast, canary } = options
  const all = valuesFrom(sources)
  const { wanted, printsStdout } = withShownStdout(options.wanted, options.maxStdout)
  const known = namesOfValues(all)
  const { job, tasks } = defineJob(wanted, all, jobNumber)
  const folder = folderTemplate(parseTemplate(to, known), job, all.length > 1)
  if (!printsStdout) refuseCollisions(folder, job, all)
  refuseSharedCollisions(job, tasks)
  const line = 'line' in wanted.command ? wanted.command.line : wanted.command.argv.join(' ')
  const definition = {
    number: jobNumber,
    name: name ?? firstWord(line),
    line,
    tasks: tasks.length,
    ...(canary && tasks.length > 1 ? { canary } : {}),
    ...(failFast ? { failFast: tasksOf(failFast, tasks.length) } : {}),
    printsStdout,
    job,
  }
  return { definition, tasks, all, folder }
}

function firstWord(line: string): string {
  return /[\w.-]+/.exec(line)?.[0]?.slice(0, 40) ?? 'command'
}

export async function runJob(options: RunOptions): Promise<RunResult> {
  const { state, nodes, reporter, detach, resume } = options
  const plan = planRun(options, await nextNumber(nodes))
  const { reachable, maxBody } = await askLimits(options)
  const { tasks } = plan
  const earlier = resume ? await findIn(plan, { nodes, maxBody, reporter }) : { tasks: new Map() }
  if (resume) {
    reporter.say(describeEarlier(earlier, { total: tasks.length, now: Date.now() }))
  }
  const isKnown = countEarlier(earlier).done > 0
  const definition = {
    ...plan.definition,
    ...takenFrom(earlier),
    // What has succeeded before needs no trial.
    ...(isKnown && plan.definition.canary ? { canary: false } : {}),
  }
  const taking = await sendShared(reachable, options.shared ?? [], reporter)
  const submitting = { state, nodes: taking, definition, tasks, earlier, maxBody, reporter }
  const sent = await submitJob(submitting)
  const { number } = definition
  options.onSent(number)
  const said = {
    job: sent.id,
    number,
    tasks: sent.tasks.length,
    ...(resume ? { earlier: countEarlier(earlier) } : {}),
    errors: sent.errors,
  }
  if (detach) return said
  return { ...said, ...(await collect(options, { ...plan, definition }, sent)) }
}

/** The plan of `runJob`, and what earlier jobs have of it: nothing is sent. */
export async function planResumed(
  options: RunOptions,
): Promise<{ plan: RunPlan; earlier: Earlier }> {
  const { nodes, reporter } = options
  const plan = planRun(options, await nextNumber(nodes))
  const { maxBody } = await askLimits(options)
  return { plan, earlier: await findIn(plan, { nodes, maxBody, reporter }) }
}

function findIn({ definition, tasks }: RunPlan, where: Omit<Finding, 'job' | 'tasks'>) {
  return findEarlier({ ...where, tasks, job: definition.job })
}

/** The nodes that answer, and the largest input that they take. */
async function askLimits({ nodes, reporter }: Pick<RunOptions, 'nodes' | 'reporter'>) {
  const settings = await askAll(nodes, ({ client }) => client.getSettings({ timeoutMs: 5000 }))
  const limits = answered(settings, reporter.say).map(({ maxBody }) => maxBody)
  if (limits.length === 0) throw new TmError('unreachable', 'No node of the cluster answers')
  const reachable = nodes.filter((_, index) => settings[index]?.ok)
  return { reachable, maxBody: Math.min(...limits) }
}

async function collect(
  { state, nodes, reporter, overwrite, print }: RunOptions,
  { folder, all, definition }: RunPlan,
  sent: Submitted,
): Promise<Required<Pick<RunResult, 'failed' | 'files' | 'paused' | 'waiting'>>> {
  // An earlier task has the number of another job.
  const placeOf = ({ id, n = 1 }: Task) => sent.places.get(id) ?? n - 1
  const valuesOf = (task: Task) => all[placeOf(task)]?.values ?? {}
  const collector = createCollector({
    nodes,
    folder: definition.printsStdout ? undefined : folder,
    valuesOf,
    overwrite,
    print,
    onProblem: reporter.say,
  })
  const currentNodes = nodesWhileThere(state)
  const { number, name } = definition
  const job = { id: sent.id, number, name }
  const watched = watchJob({ job, total: sent.tasks.length, nodes: currentNodes, reporter })
  const canary = definition.canary ? canaryNotice(reporter.say) : undefined
  let paused: PausedJob[] = []
  let done: Task[] | undefined
  try {
    done = await waitForTasks({
      ids: sent.tasks,
      nodes: currentNodes,
      onProgress: watched.set,
      onWarning: reporter.say,
      onPaused: (jobs) => {
        paused = jobs
      },
      onDone: async (ended) => {
        if (ended.some(({ task }) => task.state === 'succeeded')) canary?.end()
        await collector.take(ended.filter(({ task }) => task.state === 'succeeded'))
        for (const { task } of ended) {
          if (task.state !== 'succeeded') watched.fail(task, describeTask(placeOf(task), all))
        }
      },
    })
  } finally {
    canary?.end()
    await watched.end(done?.every((task) => task.state === 'succeeded') ?? false)
  }
  collector.end()
  const failed = done
    .filter(({ state }) => state === 'failed' || state === 'cancelled')
    .map((task) => ({ id: task.id, n: placeOf(task) + 1, error: task.error ?? '' }))
  const waiting = done.filter((task) => !isDone(task)).length
  return { failed, files: [...collector.files], paused, waiting }
}

function describeTask(place: number, all: TaskValues[]): string {
  const found = all[place] ?? { values: {} }
  return inputName(found) ?? found.values.line ?? `task ${place + 1}`
}
