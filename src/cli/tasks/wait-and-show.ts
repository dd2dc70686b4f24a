/** Waits for tasks with progress, then prints what became of them: `tm wait`, `tm enqueue --wait`. */
import type { Task } from '../../core/task.ts'
import { nodesOf } from '../nodes.ts'
import type { Reporter } from '../progress.ts'
import type { Saved } from '../saved.ts'
import { recallFiles } from './file-names.ts'
import { markPulled } from './pull.ts'
import { showTasks } from './show.ts'
import { waitForTasks } from './wait.ts'

/** Sets the exit code to 1 when any of them failed. */
export async function waitAndShow(options: {
  saved: Saved
  ids: string[]
  reporter: Reporter
  print: (text: string) => void
}): Promise<Task[]> {
  const { saved, ids, reporter, print } = options
  const nodes = nodesOf(saved)
  const counter = reporter.count('done', new Set(ids).size)
  let tasks: Task[] | undefined
  let looked = false
  const onProgress = (done: number) => {
    if (looked) counter.set(done)
    else counter.from(done)
    looked = true
  }
  try {
    tasks = await waitForTasks({ ids, nodes, onProgress, onWarning: reporter.say })
  } finally {
    counter.end(tasks !== undefined)
  }
  const names = recallFiles(saved, ids)
  if (tasks.length > 0) print(showTasks(tasks, { names, terminal: Boolean(process.stdout.isTTY) }))
  if (tasks.some(({ state }) => state !== 'succeeded')) process.exitCode = 1
  await markPulled(nodes, ids)
  return tasks
}
