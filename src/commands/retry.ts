import { TmCommand } from '../cli/base.ts'
import { splitPositionals } from '../cli/flags/positionals.ts'
import { type Changed, changeNamed } from '../cli/jobs/change-named.ts'
import { idsOrJobArgument } from '../cli/tasks/ids.ts'

export default class Retry extends TmCommand {
  static override changes = true
  static override summary = 'Queue failed tasks, or those of a job, again, with all attempts.'
  static override description =
    `For tasks that have failed, once the cause is gone. A job that was paused goes on. Prints id, file and state of each task that is \
queued again. The exit code is 1 if any task was not: it has not failed, or no node knows it.`
  static override examples = [
    { description: 'All tasks of a job that have failed', command: '<%= config.bin %> retry 3' },
    '<%= config.bin %> retry 01997a5e-4b7e-7cc2-8f6a-0d3b5b6e9a10',
    {
      description: 'All tasks of a list that have failed',
      command: `<%= config.bin %> wait - < ids | awk -F '\\t' '$3 == "failed" { print $1 }' | <%= config.bin %> retry -`,
    },
  ]
  static override strict = false
  static override args = idsOrJobArgument

  async run(): Promise<Changed> {
    const { positionals: words, rest } = splitPositionals(this.argv, Retry.baseFlags)
    const { flags } = await this.parse(Retry, rest)
    const state = this.clusterState(flags.cluster)
    return await changeNamed({ change: 'retry', words, state, ...this.showing() })
  }
}
