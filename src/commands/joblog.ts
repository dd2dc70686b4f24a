import { Args, Flags } from '@oclif/core'
import { TmCommand } from '../cli/base.ts'
import { writeAll } from '../cli/ending/stdout.ts'
import { jobNamed, listJobs, tasksOfJob } from '../cli/jobs/jobs.ts'
import { jobLogHeader, jobLogLine, type LoggedTask, loggedTask } from '../cli/output/job-log.ts'
import type { Job } from '../kinds/command/job.ts'
import { nodesOf } from '../state/cluster-nodes.ts'

/** Lines written at once. */
const pageLines = 1000

export default class Joblog extends TmCommand {
  static override summary = 'Print the log of a job, in the format of GNU Parallel.'
  static override description =
    `A line for each task that has succeeded or failed, in the order in which they ended: its number, its \
worker, when its command began, how many seconds it ran, bytes of input and outputs, exit value, signal and \
command, separated by tabs. A task that failed although its command did not, or never ran it, has the exit value -1, and so \
has one that ran too long. --wide adds state, attempts, reason, processor time, memory and id before the command.`
  static override examples = [
    '<%= config.bin %> joblog 3',
    {
      description: 'The commands that failed',
      command: `<%= config.bin %> joblog last | awk -F '\\t' '$7 != 0 || $8 != 0 {print $9}'`,
    },
    { description: 'With processor time and memory', command: '<%= config.bin %> joblog 3 --wide' },
  ]
  static override args = {
    job: Args.string({
      required: true,
      ignoreStdin: true,
      description: 'its number, its name, the beginning of its id, or last',
    }),
  }
  static override flags = {
    wide: Flags.boolean({ description: 'add columns that GNU Parallel does not have' }),
  }

  async run(): Promise<{ job: string; number: number; tasks: LoggedTask[] }> {
    const { args, flags } = await this.parse(Joblog)
    const nodes = nodesOf(this.clusterState(flags.cluster))
    const onMissing = (text: string) => {
      this.logToStderr(text)
      process.exitCode = 1
    }
    const { id, definition } = jobNamed(await listJobs(nodes, onMissing), args.job)
    const ended: { task: LoggedTask; at: number }[] = []
    for await (const { task } of tasksOfJob(nodes, id)) {
      const logged = loggedTask(task, definition.job.run as Job['run'])
      if (logged) ended.push({ task: logged, at: task.completedAt ?? 0 })
    }
    const tasks = ended.sort((a, b) => a.at - b.at).map(({ task }) => task)
    if (!this.jsonEnabled()) await this.print(tasks, flags.wide)
    return { job: id, number: definition.number, tasks }
  }

  private async print(tasks: LoggedTask[], wide: boolean): Promise<void> {
    await writeAll([`${jobLogHeader({ wide })}\n`])
    for (let at = 0; at < tasks.length; at += pageLines) {
      const page = tasks.slice(at, at + pageLines)
      const lines = page.map((task) => `${jobLogLine(task, { wide })}\n`)
      if ((await writeAll(lines)) < lines.length) return
    }
  }
}
