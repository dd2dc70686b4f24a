import { TmCommand } from '../cli/base.ts'
import { splitPositionals } from '../cli/flags/positionals.ts'
import { type Changed, changeNamed } from '../cli/jobs/change-named.ts'
import { idsOrJobArgument } from '../cli/tasks/ids.ts'

export default class Cancel extends TmCommand {
  static override changes = true
  static override summary = 'Cancel tasks, or a job, that are not done.'
  static override description =
    `A queued task never runs; a running task is stopped. A task that is cancelled already stays so. Prints \
id, file and state of each cancelled task. The exit code is 1 if any task was not cancelled: it has \
ended, or no node knows it.`
  static override examples = [
    { description: 'A whole job', command: '<%= config.bin %> cancel last' },
    '<%= config.bin %> cancel 01997a5e-4b7e-7cc2-8f6a-0d3b5b6e9a10',
    {
      description: 'What another command has enqueued',
      command: '<%= config.bin %> enqueue -n 10 *.txt > ids; <%= config.bin %> cancel - < ids',
    },
  ]
  static override strict = false
  static override args = idsOrJobArgument

  async run(): Promise<Changed> {
    const { positionals: words, rest } = splitPositionals(this.argv, Cancel.baseFlags)
    const { flags } = await this.parse(Cancel, rest)
    const state = this.clusterState(flags.cluster)
    return await changeNamed({ change: 'cancel', words, state, ...this.showing() })
  }
}
