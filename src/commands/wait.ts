import type { Task } from '../api/client.ts'
import { TmCommand } from '../cli/base.ts'
import { splitPositionals } from '../cli/flags/positionals.ts'
import { jobId, jobName, jobNamed, listJobs, tasksOfJob } from '../cli/jobs/jobs.ts'
import { idsOrJobArgument, readIds } from '../cli/tasks/ids.ts'
import { waitAndShow } from '../cli/tasks/wait-and-show.ts'
import { TmError } from '../core/errors.ts'
import { type Suggestion, suggest, tm } from '../core/suggestions.ts'
import { nodesOf } from '../state/cluster-nodes.ts'
import type { ClusterState } from '../state/cluster-state.ts'
import type { Named } from '../state/file-names.ts'

export default class Wait extends TmCommand {
  static override summary = 'Wait until tasks, or those of a job, are done.'
  static override description =
    `Prints the results in the order of the ids. Of a job it shows meanwhile what tm job shows: how many tasks are done, \
how fast, what runs longest, and why the first ten failed. The exit code is 1 if any task failed.`
  static override examples = [
    '<%= config.bin %> wait 01997a5e-4b7e-7cc2-8f6a-0d3b5b6e9a10',
    '<%= config.bin %> wait last',
    '<%= config.bin %> enqueue -n 10 *.txt | <%= config.bin %> wait -',
  ]
  static override strict = false
  static override args = idsOrJobArgument

  async run(): Promise<{ tasks: Named<Task>[] }> {
    const { positionals, rest } = splitPositionals(this.argv, Wait.baseFlags)
    const { flags } = await this.parse(Wait, rest)
    const state = this.clusterState(flags.cluster)
    const name = jobName(positionals)
    if (name !== undefined) return await this.waitForJob(state, name)
    const ids = await readIds(positionals)
    try {
      return { tasks: await waitAndShow({ state, ids, ...this.showing() }) }
    } catch (error) {
      if (!(error instanceof TmError) || error.code !== 'not_found') throw error
      // Asked only now: whoever waits for a task does not wait for this.
      const job = state.read() ? await jobId(ids, nodesOf(state)) : undefined
      if (job === undefined) throw error
      return await this.waitForJob(state, job)
    }
  }

  private async waitForJob(state: ClusterState, name: string): Promise<{ tasks: Named<Task>[] }> {
    const { job, ids } = await tasksNamed(state, name)
    return { tasks: await waitAndShow({ state, ids, job, ...this.showing() }) }
  }

  protected override whatGoesOn(): Suggestion {
    return suggest`The tasks go on. Come back: ${tm('wait', {}, 'ID…')} with the same ids`
  }
}

async function tasksNamed(state: ClusterState, name: string) {
  const nodes = nodesOf(state)
  const { id, definition } = jobNamed(await listJobs(nodes, () => {}), name)
  const ids: string[] = []
  for await (const { task } of tasksOfJob(nodes, id)) ids.push(task.id)
  return { job: { id, number: definition.number, name: definition.name }, ids }
}
