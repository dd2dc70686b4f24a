import { Args } from '@oclif/core'
import { TmCommand } from '../cli/base.ts'
import { columns } from '../cli/columns.ts'
import { nodesOf } from '../cli/nodes.ts'
import { type Saved, tm, upOf } from '../cli/saved.ts'
import { describeTask } from '../cli/tasks/describe.ts'
import { recallFiles } from '../cli/tasks/file-names.ts'
import { readIds } from '../cli/tasks/ids.ts'
import { markPulled } from '../cli/tasks/pull.ts'
import { findTasks } from '../cli/tasks/wait.ts'
import { TmError } from '../core/errors.ts'
import type { Task } from '../core/task.ts'

export default class Status extends TmCommand {
  static override summary = 'Show one task.'
  static override description = 'The exit code is 1 when no node knows the task.'
  static override examples = ['<%= config.bin %> status 01997a5e-4b7e-7cc2-8f6a-0d3b5b6e9a10']
  static override args = {
    id: Args.string({ required: true, ignoreStdin: true, description: 'id of the task' }),
  }

  async run(): Promise<Task> {
    const { args, flags } = await this.parse(Status)
    const [id = ''] = await readIds([args.id])
    const saved = this.saved(flags.cluster)
    const nodes = nodesOf(saved)
    const { tasks, missing } = await findTasks([id], nodes)
    const task = tasks.get(id)
    if (!task) throw unknown(id, missing, saved)
    const file = recallFiles(saved, [id]).get(id)
    this.log(columns(describeTask(task, file, Date.now())))
    if (task.state === 'succeeded') await markPulled(nodes, [id])
    return task
  }
}

function unknown(id: string, missing: { id: string; why: string }[], saved: Saved): TmError {
  if (missing.length === 0) return new TmError('not_found', `No node knows the task ${id}`)
  const away = missing.map((node) => `${node.id} did not answer (${node.why})`).join(', ')
  return new TmError('not_found', `No node that answers knows the task ${id}; ${away}`, {
    suggestions: [
      `${tm(upOf(saved), saved.name)} starts a node that is gone`,
      `${tm('health', saved.name)} shows which`,
    ],
  })
}
