import { Args } from '@oclif/core'
import { TmCommand } from '../cli/base.ts'
import { type Explained, explain } from '../cli/explain/explain.ts'
import { describeExplained } from '../cli/output/explanation.ts'
import { widthOf } from '../cli/output/terminal.ts'
import { nodesOf } from '../state/cluster-nodes.ts'

export default class Explain extends TmCommand {
  static override summary = 'Explain why a task or a job is where it is.'
  static override description =
    `One sentence, and the facts that it rests on. Of a task that waits: the first thing that keeps it from running, \
such as tasks before it, a worker that starts, a limit, a job that is paused, or needs that no worker can meet. \
Of a job: what keeps the first of its tasks that wait, on each node. With --json, why is a word for programs. \
A task is its id, the beginning of that, or its job and its number there: 3:12.`
  static override examples = [
    { description: 'Why job 3 does not go on', command: '<%= config.bin %> explain 3' },
    { description: 'Why its task 12 waits', command: '<%= config.bin %> explain 3:12' },
    '<%= config.bin %> explain 01997a5e-4b7e-7cc2-8f6a-0d3b5b6e9a10',
    '<%= config.bin %> explain last --json',
  ]
  static override args = {
    what: Args.string({
      required: true,
      ignoreStdin: true,
      description: 'task: its id, or JOB:NUMBER; or job: its number, name, id, or last',
    }),
  }

  async run(): Promise<Explained> {
    const { args, flags } = await this.parse(Explain)
    const nodes = nodesOf(this.clusterState(flags.cluster))
    const explained = await explain(nodes, args.what, (text) => {
      this.logToStderr(text)
      process.exitCode = 1
    })
    const place = this.shownPlace()
    this.log(describeExplained(explained, { place, width: widthOf(process.stdout) }))
    return explained
  }
}
