import { Args, Flags } from '@oclif/core'
import { TmCommand } from '../cli/base.ts'
import { profileFlag, regionFlag } from '../cli/flags/ec2.ts'
import { readOut } from '../cli/logs/follow.ts'
import { followTask, readLive } from '../cli/logs/follow-task.ts'
import { describeLine } from '../cli/logs/log-line.ts'
import type { LogSource } from '../cli/logs/log-source.ts'
import { noLog, openLocalLog, openRemoteLog } from '../cli/logs/open-log.ts'
import { missingPrograms, sessionCommand, startSession } from '../cli/logs/shell.ts'
import { readTaskLog, type TaskLog } from '../cli/logs/task-log.ts'
import { taskPrinter } from '../cli/logs/task-printer.ts'
import { describeEnd, describeTaskLog, whyNothing } from '../cli/output/task-log.ts'
import { type FoundTask, findTask, meansTask } from '../cli/tasks/find-task.ts'
import { TmError } from '../core/errors.ts'
import { requireInteger } from '../core/integers.ts'
import { renderSuggestion, type Suggestion, suggest, tm } from '../core/suggestions.ts'
import type { SeenMachine } from '../provider/ec2/cluster/console.ts'
import { ec2RecordIn, locationOf } from '../state/cluster-location.ts'
import { nodesOf } from '../state/cluster-nodes.ts'

export interface LogsResult {
  machine: string
  /** `node`: as the machine wrote them. `console`: what EC2 has of a machine that does not answer. */
  from: 'node' | 'console'
  instance?: string
  lines: string[]
}

interface Account {
  /** The region that was given. */
  given: string | undefined
  profile: string | undefined
}

export default class Logs extends TmCommand {
  static override summary = 'Show the log of a node or worker, or what a task has written.'
  static override description =
    `A task is its id, the beginning of that, or its job and its number there: 3:12. Of each of the newest three \
attempts that failed, the last 64 KiB of stderr and stdout are kept; of one that succeeded, what its job keeps as outputs. \
--follow shows what a task writes, until it has ended; the exit code is 1 if it fails. \
A job alone means its first failed task. The log of a machine works for workers that have ended, too. On EC2 it asks the node, which keeps the last lines of its \
own log and of its workers; the console of the instance is shown for a machine that never came up. \
Readable lines on a terminal; elsewhere JSON lines, as they were written.`
  static override examples = [
    '<%= config.bin %> logs node-1',
    { description: 'Why task 12 of job 3 failed', command: '<%= config.bin %> logs 3:12' },
    {
      description: 'What it writes, until it ends',
      command: '<%= config.bin %> logs 3:12 --follow',
    },
    { description: 'Until Ctrl-C', command: '<%= config.bin %> logs node-1 --follow' },
    {
      description: 'What a scaler has decided, with jq',
      command: `<%= config.bin %> logs node-1 --lines 1000 | jq -r 'select(.msg == "scaling").reason'`,
    },
    { description: 'A shell on an instance', command: '<%= config.bin %> logs node-1 --ssm' },
  ]
  static override args = {
    machine: Args.string({
      required: true,
      ignoreStdin: true,
      description: 'node or worker, as tm health names it; or a task: its id, or JOB:NUMBER',
    }),
  }
  static override flags = {
    follow: Flags.boolean({
      char: 'f',
      description: 'go on with what is added, until it ends or Ctrl-C',
    }),
    lines: Flags.string({ default: '100', description: 'how many lines, from 1 to 1000' }),
    ssm: Flags.boolean({
      description: 'open a shell on the instance with Session Manager instead',
      helpGroup: 'EC2',
    }),
    region: regionFlag,
    profile: profileFlag,
  }

  async run(): Promise<LogsResult | TaskLog> {
    const { args, flags } = await this.parse(Logs)
    const id = args.machine
    const lines = requireInteger('--lines', flags.lines, { min: 1, max: 1000 })
    if (flags.follow && this.jsonEnabled()) {
      throw new TmError('invalid', '--follow prints lines as they come: leave out --json')
    }
    const state = this.clusterState(flags.cluster)
    if (meansTask(id)) {
      const found = await findTask(nodesOf(state), id, (text) => this.logToStderr(text))
      return flags.follow ? await this.followTask(found, id) : await this.showTask(found, id, lines)
    }
    const location = flags.region === undefined ? locationOf(state) : 'ec2'
    if (location === undefined) throw state.notFound()
    const options = { lines, follow: flags.follow }
    if (location === 'local') {
      if (flags.ssm) throw notRemote(state.name)
      return await this.show(id, openLocalLog(state, id, this.launcher()), options)
    }
    const account = { given: flags.region, profile: flags.profile }
    if (flags.ssm) return await this.openShell(id, flags.cluster, account)
    const own = ec2RecordIn(state)
    const other = flags.region !== undefined && flags.region !== own?.region
    const { source, unreachable, known } =
      own && !other
        ? // A machine that has not joined yet has only its console. Its log may still come.
          await openRemoteLog(state, id, { evenIfEmpty: Boolean(flags.follow) })
        : { source: undefined, unreachable: [], known: [] }
    if (source) return await this.show(id, source, options)
    for (const why of unreachable) this.logToStderr(`Warning: ${why}`)
    const seen = await this.look(id, flags.cluster, account)
    if (!seen) throw noLog(id, known)
    return this.showConsole(id, seen, lines)
  }

  /** The word by which the task is called that is followed. */
  private followed: string | undefined

  protected override whatGoesOn(): Suggestion | undefined {
    if (this.followed === undefined) return undefined
    return suggest`The task goes on. Look again: ${tm('logs', { follow: true }, this.followed)}`
  }

  private async followTask(found: FoundTask, word: string): Promise<TaskLog> {
    this.followed = word
    const say = (text: string) => this.logToStderr(text)
    if (found.task.state === 'queued') say(whyNothing({ task: found.task, attempts: [] }) ?? '')
    const printer = taskPrinter(process, say)
    const task = await followTask({ ...found, print: printer.print, say })
    await printer.end()
    say(describeEnd(task))
    if (task.state !== 'succeeded') process.exitCode = 1
    return { task, attempts: [] }
  }

  private async showTask(found: FoundTask, word: string, lines: number): Promise<TaskLog> {
    const kept = await readTaskLog(found)
    const isRunning = found.task.state === 'running'
    const log = isRunning ? { ...kept, ...(await readLive(found)) } : kept
    const text = describeTaskLog(log, { lines, terminal: Boolean(process.stdout.isTTY) })
    if (text !== '') this.log(text)
    const nothing = whyNothing(log)
    if (nothing !== undefined) this.logToStderr(nothing)
    if (isRunning) {
      const command = renderSuggestion(tm('logs', { follow: true }, word), this.shownPlace())
      this.logToStderr(`Go on with it: ${command}`)
    }
    return log
  }

  private async show(
    machine: string,
    source: LogSource,
    options: { lines: number; follow: boolean },
  ): Promise<LogsResult> {
    const shown: string[] = []
    const ended = await readOut(source, {
      ...options,
      print: (lines) => {
        if (!options.follow) shown.push(...lines)
        const readable = process.stdout.isTTY ? lines.map(describeLine) : lines
        if (readable.length > 0) this.log(readable.join('\n'))
      },
    })
    if (ended) this.logToStderr(`${machine} has ended.`)
    return { machine, from: 'node', lines: shown }
  }

  private showConsole(machine: string, seen: SeenMachine, count: number): LogsResult {
    const { instance, state, reason, console } = seen
    const why = reason ? ` (${reason})` : ''
    this.logToStderr(`No node has a log of ${machine}. ${instance} is ${state}${why}; its console:`)
    const lines = console.slice(-count)
    if (lines.length > 0) this.log(lines.map(describeLine).join('\n'))
    else this.logToStderr('EC2 has no output of its console yet; it may take some minutes.')
    return { machine, from: 'console', instance, lines }
  }

  private async openShell(machine: string, cluster: string, account: Account): Promise<LogsResult> {
    const seen = await this.look(machine, cluster, account)
    if (seen?.state !== 'running') throw noLog(machine, [])
    const command = sessionCommand(seen.instance, seen.region, seen.profile)
    const missing = missingPrograms(this.programPath())
    if (missing.length > 0 || !process.stdin.isTTY) {
      this.log(command.join(' '))
      if (missing.length > 0) this.logToStderr(`To run it, install ${missing.join(' and ')}.`)
    } else process.exitCode = await startSession(command)
    return { machine, from: 'console', instance: seen.instance, lines: [] }
  }

  private async look(id: string, cluster: string, { given, profile: named }: Account) {
    const record = ec2RecordIn(this.clusterState(cluster))
    const region = given ?? record?.region ?? this.ambientRegion()
    const profile = named ?? record?.profile
    // Loaded here: the AWS SDK takes longer to load than everything else together.
    const { lookAtMachine } = await import('../provider/ec2/cluster/console.ts')
    return await lookAtMachine({ cluster, id, region, profile, signal: this.stopSignal })
  }
}

function notRemote(cluster: string): TmError {
  return new TmError('invalid', `Cluster ${cluster} is on this machine: you have a shell already`)
}
