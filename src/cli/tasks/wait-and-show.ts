/** Waits for tasks, shows progress, prints the results: `tm wait` and `tm enqueue --wait`. */

import type { Task } from '../../api/client.ts'
import { TmError } from '../../core/errors.ts'
import type { Reporter } from '../../core/progress.ts'
import { suggest, tm } from '../../core/suggestions.ts'
import { type NodeLink, nodesOf } from '../../state/cluster-nodes.ts'
import type { ClusterState } from '../../state/cluster-state.ts'
import { type Named, named, recallFiles } from '../../state/file-names.ts'
import { type WatchedJob, watchJob } from '../jobs/watch-job.ts'
import { nameOfTask } from '../output/job-task.ts'
import { showTasks } from '../output/results.ts'
import { widthOf } from '../output/terminal.ts'
import { describePaused, type PausedJob } from './paused-jobs.ts'
import { markPulled } from './pull.ts'
import { waitForTasks } from './wait.ts'

/** Sets the exit code to 1 if any task failed, or waits in a paused job. */
export async function waitAndShow(options: {
  state: ClusterState
  ids: string[]
  /** The job that all of them are of. */
  job?: { id: string; number: number; name: string } | undefined
  reporter: Reporter
  print: (text: string) => void
  showError: (error: TmError) => void
  /** Called with what is to be done once all output is written. */
  onceWritten: (then: () => Promise<void>) => void
}): Promise<Named<Task>[]> {
  const { state, ids, job, reporter, print, showError, onceWritten } = options
  const nodes = nodesWhileThere(state)
  const total = new Set(ids).size
  const shown = job ? watchJob({ job, total, nodes, reporter }) : counted(reporter, total)
  const { set, fail } = shown
  let tasks: Task[] | undefined
  let paused: PausedJob[] = []
  try {
    tasks = await waitForTasks({
      ids,
      nodes,
      onProgress: set,
      onWarning: reporter.say,
      onPaused: (jobs) => {
        paused = jobs
      },
      ...(fail ? { onDone: async (ended) => tellFailures(ended, fail) } : {}),
    })
  } finally {
    await shown.end(tasks !== undefined && paused.length === 0)
  }
  const names = recallFiles(state, ids)
  if (tasks.length > 0) print(showTasks(tasks, { names, width: widthOf(process.stdout) }))
  for (const job of paused) showError(describePaused(job))
  if (tasks.some(({ state }) => state !== 'succeeded')) process.exitCode = 1
  onceWritten(() => markPulled(nodes(), ids))
  return tasks.map((task) => named(task, names))
}

/** The nodes as they are now. Throws once the cluster is removed, also if a new one has its name. */
export function nodesWhileThere(state: ClusterState): () => NodeLink[] {
  nodesOf(state)
  const createdAt = state.read()?.createdAt
  return () => {
    if (state.read()?.createdAt !== createdAt || !state.exists()) throw removed(state.name)
    return nodesOf(state)
  }
}

function removed(cluster: string): TmError {
  const message = `Cluster ${cluster} was removed while its tasks were waited for; they are gone with it`
  return new TmError('not_found', message, {
    suggestions: [suggest`See which clusters there are: ${tm('list')}`],
  })
}

/** Tasks of any job, or of none. */
function counted(reporter: Reporter, total: number) {
  const counter = reporter.count('done', total)
  let started = false
  return {
    set(done: number): void {
      if (started) counter.set(done)
      else counter.from(done)
      started = true
    },
    fail: undefined,
    end: async (ok: boolean): Promise<void> => counter.end(ok),
  }
}

function tellFailures(ended: { task: Task }[], fail: WatchedJob['fail']): void {
  for (const { task } of ended) {
    if (task.state !== 'succeeded') fail(task, `task ${nameOfTask(task)}`)
  }
}
