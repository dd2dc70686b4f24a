import { TmCommand } from '../cli/base.ts'
import { type JobView, listJobs } from '../cli/jobs/jobs.ts'
import { describeJobs } from '../cli/output/jobs.ts'
import { nodesOf } from '../state/cluster-nodes.ts'

export default class Jobs extends TmCommand {
  static override summary = 'Show the jobs of tm run, newest first.'
  static override description =
    `A job has a number and a name, and its tasks are on all nodes. Elsewhere than on a terminal, the columns \
are separated by tabs and the id comes last. The exit code is 1 if a node did not answer.`
  static override examples = ['<%= config.bin %> jobs', '<%= config.bin %> jobs --json']

  async run(): Promise<{ jobs: JobView[] }> {
    const { flags } = await this.parse(Jobs)
    const nodes = nodesOf(this.clusterState(flags.cluster))
    const jobs = await listJobs(nodes, (text) => {
      this.logToStderr(text)
      process.exitCode = 1
    })
    const text = describeJobs(jobs, { now: Date.now(), terminal: Boolean(process.stdout.isTTY) })
    if (text !== '') this.log(text)
    return { jobs }
  }
}
