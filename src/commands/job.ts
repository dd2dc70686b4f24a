import { Args } from '@oclif/core'
import { TmCommand } from '../cli/base.ts'
import { type JobView, jobNamed, listJobs } from '../cli/jobs/jobs.ts'
import { type JobProgress, jobProgress } from '../cli/jobs/progress.ts'
import { describeJob } from '../cli/output/jobs.ts'
import { widthOf } from '../cli/output/terminal.ts'
import { nodesOf } from '../state/cluster-nodes.ts'

export default class Job extends TmCommand {
  static override summary = 'Show one job: how far it is, what runs, and its first failures.'
  static override description =
    `Its command, its tasks by state, how fast they end, the ten that have run longest with the last line of \
each, and why the first ten that failed did so. Workers send that line with each renewal of a lease: it may be \
some seconds old. last is the newest job. The exit code is 1 if a node did not answer.`
  static override examples = ['<%= config.bin %> job 3', '<%= config.bin %> job last']
  static override args = {
    job: Args.string({
      required: true,
      ignoreStdin: true,
      description: 'its number, its name, the beginning of its id, or last',
    }),
  }

  async run(): Promise<{ job: JobView } & Omit<JobProgress, 'counts' | 'missing'>> {
    const { args, flags } = await this.parse(Job)
    const nodes = nodesOf(this.clusterState(flags.cluster))
    const onMissing = (text: string) => {
      this.logToStderr(text)
      process.exitCode = 1
    }
    const jobs = await listJobs(nodes, onMissing)
    const job = jobNamed(jobs, args.job)
    const progress = await jobProgress(nodes, job.id)
    const place = this.shownPlace()
    const width = widthOf(process.stdout)
    this.log(describeJob({ job, jobs, progress, now: Date.now(), place, width }))
    const { counts, missing: _, ...rest } = progress
    return { job: { ...job, counts }, ...rest }
  }
}
