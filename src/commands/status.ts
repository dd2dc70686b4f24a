import { Args } from '@oclif/core'
import type { Task } from '../api/client.ts'
import { TmCommand } from '../cli/base.ts'
import { columns } from '../cli/output/columns.ts'
import { describeTask } from '../cli/output/task.ts'
import { readIds } from '../cli/tasks/ids.ts'
import { markPulled } from '../cli/tasks/pull.ts'
import { findTasks } from '../cli/tasks/wait.ts'
import { TmError } from '../core/errors.ts'
import { suggest, tm } from '../core/suggestions.ts'
import { nodesOf } from '../state/cluster-nodes.ts'
import { type Named, named, recallFiles } from '../state/file-names.ts'

export default class Status extends TmCommand {
  static override summary = 'Show one task.'
  static override description = 'The exit code is 1 if no node knows the task.'
  static override examples = ['<%= config.bin %> status 01997a5e-4b7e-7cc2-8f6a-0d3b5b6e9a10']
  static override args = {
    id: Args.string({ required: true, ignoreStdin: true, description: 'task id' }),
  }

  async run(): Promise<Named<Task>> {
    const { args, flags } = await this.parse(Status)
    const [id = ''] = await readIds([args.id])
    const state = this.clusterState(flags.cluster)
    const nodes = nodesOf(state)
    const { tasks, unreachable } = await findTasks([id], nodes)
    const task = tasks.get(id)
    if (!task) throw notFound(id, unreachable)
    const names = recallFiles(state, [id])
    this.log(columns(describeTask(task, names.get(id), Date.now())))
    if (task.state === 'succeeded') this.onceWritten(() => markPulled(nodes, [id]))
    return named(task, names)
  }
}

function notFound(id: string, unreachable: { id: string; why: string }[]): TmError {
  if (unreachable.length === 0) return new TmError('not_found', `No node knows the task ${id}`)
  const away = unreachable.map((node) => `${node.id} did not answer (${node.why})`).join(', ')
  return new TmError('not_found', `No node that answers knows the task ${id}; ${away}`, {
    suggestions: [
      suggest`${tm('up')} starts a node that is gone`,
      suggest`${tm('health')} shows which`,
    ],
  })
}
