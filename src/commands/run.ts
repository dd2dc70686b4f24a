import { statSync } from 'node:fs'
import { Args, Flags } from '@oclif/core'
import { TmCommand } from '../cli/base.ts'
import { writeBytes } from '../cli/ending/stdout.ts'
import { commandFlags, readWanted } from '../cli/flags/command.ts'
import { readFailFast } from '../cli/flags/fail-fast.ts'
import { splitPositionals } from '../cli/flags/positionals.ts'
import { countEarlier, describeEarlier, type EarlierCounts } from '../cli/jobs/describe-earlier.ts'
import { describeRunPlan } from '../cli/jobs/describe-plan.ts'
import type { Earlier } from '../cli/jobs/earlier.ts'
import { requireSameMachine } from '../cli/jobs/in-place.ts'
import { missingProgram } from '../cli/jobs/missing-program.ts'
import { hasCluster, withOwnCluster } from '../cli/jobs/own-cluster.ts'
import { planResumed, planRun, type RunPlan, type RunResult, runJob } from '../cli/jobs/run.ts'
import { describeShared } from '../cli/jobs/shared/describe.ts'
import { givenShared } from '../cli/jobs/shared/given.ts'
import { readShared } from '../cli/jobs/shared/source.ts'
import { readMaxStdout } from '../cli/jobs/shown-stdout.ts'
import { inputsOf } from '../cli/jobs/values.ts'
import { readSources } from '../cli/jobs/values-from/read.ts'
import { describePaused } from '../cli/tasks/paused-jobs.ts'
import { TmError } from '../core/errors.ts'
import { again, type Suggestion, suggest, tm } from '../core/suggestions.ts'
import { number, pluralize } from '../core/text.ts'
import { locationOf } from '../state/cluster-location.ts'
import { nodesOf } from '../state/cluster-nodes.ts'
import type { ClusterState } from '../state/cluster-state.ts'

export default class Run extends TmCommand {
  static override changes = true
  static override summary =
    'Run a command for each file, line or number, and bring its outputs here.'
  static override description =
    `The command runs on the workers, in an empty folder with its input. {in} is the input, {name}, {stem} \
and {ext} are parts of its name, {n} is the number of the task; a line without {in} reads its input from \
stdin. A value is never read as shell text. Files appear here as tasks are done, whole or not at all. \
Without outputs, what the commands write to stdout is shown. Ctrl-C leaves the job running.`
  static override examples = [
    {
      description: 'One file in, one file out',
      command: `<%= config.bin %> run 'convert {in} -resize 50% {out}' --out '{stem}.png' *.jpg`,
    },
    {
      description: 'A filter: input on stdin, stdout kept',
      command: `<%= config.bin %> run 'jq .name' --stdout '{stem}.txt' --to names *.json`,
    },
    {
      description: 'With your own code, and a model that all tasks share',
      command: `<%= config.bin %> run --dir src --file model.onnx 'python3 src/infer.py {in}' --stdout '{stem}.json' *.png`,
    },
    {
      description: 'Without a shell',
      command: '<%= config.bin %> run *.bin -- sha256sum {in}',
    },
    {
      description: 'Every combination of two values',
      command: `<%= config.bin %> run --sweep lr=0.1,0.01 --sweep seed=1..5 'python3 -c "print({lr}, {seed})"'`,
    },
  ]
  static override strict = false
  static override args = {
    line: Args.string({
      ignoreStdin: true,
      description:
        "a shell line in quotes, then files; or files, then -- and a program's arguments",
    }),
  }
  static override flags = {
    ...commandFlags,
    name: Flags.string({ description: 'name of the job, for people', helpGroup: 'JOB' }),
    local: Flags.boolean({
      description: 'without a cluster: start one on this machine, and remove it when all is done',
      helpGroup: 'JOB',
    }),
    'dry-run': Flags.boolean({
      description: 'show the first commands, their inputs and outputs, and send nothing',
      helpGroup: 'JOB',
    }),
    resume: Flags.boolean({
      description: 'take the results of equal tasks that earlier jobs have done, and run the rest',
      exclusive: ['in-place'],
      helpGroup: 'JOB',
    }),
    canary: Flags.boolean({
      allowNo: true,
      description:
        'until a task has succeeded, let one worker of each node run the job, and add no other [default: not on this machine]',
      helpGroup: 'FAILURE',
    }),
    detach: Flags.boolean({
      char: 'd',
      description: 'do not wait: print the job and return',
      helpGroup: 'JOB',
    }),
  }

  /** The number of the job, once it is on the nodes. */
  private sent: number | undefined

  async run(): Promise<RunResult | { plan: RunPlan; earlier?: EarlierCounts }> {
    const { flags, command, files } = await this.read()
    const state = this.clusterState(flags.cluster)
    if (flags['in-place']) requireSameMachine(state)
    const isOnEc2 = locationOf(state) === 'ec2'
    const given = givenShared(flags.file ?? [], flags.dir ?? [])
    const shared = await readShared(given, this.reporter)
    const options = {
      wanted: {
        ...readWanted(flags, this.ownEnvironment()),
        command,
        shared: shared.map(({ file }) => file),
      },
      shared,
      sources: await readSources(files, flags),
      name: flags.name,
      // Machines of AWS cost money; those of this machine are there anyway.
      canary: flags.canary ?? isOnEc2,
      failFast: flags['fail-fast'] === undefined ? undefined : readFailFast(flags['fail-fast']),
      to: flags.to ?? '.',
      overwrite: flags.overwrite,
      maxStdout: readMaxStdout(flags, this.isData(flags.detach)),
      detach: flags.detach,
      resume: flags.resume,
      reporter: this.reporter,
      onSent: (job: number) => {
        this.sent = job
      },
      print: async (bytes: Uint8Array) => this.jsonEnabled() || (await writeBytes(bytes)),
    }
    for (const one of shared) this.reporter.say(describeShared(one))
    const alone = flags.local && !hasCluster(state)
    const inCluster = () => ({ ...options, state, nodes: nodesOf(state) })
    if (flags['dry-run']) {
      if (!flags.resume || alone) return this.showPlan(planRun(options, 1))
      const { plan, earlier } = await planResumed(inCluster())
      return this.showPlan(plan, earlier)
    }
    const run = () => runJob(inCluster())
    const result = alone ? await this.runAlone(state, run, flags.detach) : await run()
    if (flags.detach) this.log(result.job)
    const { errors, failed = [], paused = [] } = result
    if (errors.length + failed.length + paused.length > 0) process.exitCode = 1
    for (const job of paused) this.showError(describePaused(job))
    const missing = isOnEc2 ? missingProgram(failed, result.number) : undefined
    if (missing) this.showError(missing)
    if (result.failed) this.logToStderr(summary(result))
    return result
  }

  /** Whether what commands write to stdout goes into a file or another program from here. */
  private isData(detach: boolean): boolean {
    return !detach && !this.jsonEnabled() && !process.stdout.isTTY
  }

  /** In a cluster of its own, which goes when all outputs are here. */
  private async runAlone(
    state: ClusterState,
    run: () => Promise<RunResult>,
    detach: boolean,
  ): Promise<RunResult> {
    if (detach) throw nobodyWaits()
    const parts = { state, launcher: this.launcher(), reporter: this.reporter }
    return await withOwnCluster(parts, run, ({ failed = [], paused = [] }) => {
      return failed.length + paused.length === 0
    })
  }

  private showPlan(plan: RunPlan, earlier?: Earlier): { plan: RunPlan; earlier?: EarlierCounts } {
    const files = plan.tasks.flatMap(inputsOf)
    const sizes = files.flatMap((file) => {
      const stats = statSync(file, { throwIfNoEntry: false })
      return stats?.isFile() ? [[file, stats.size] as const] : []
    })
    this.log(describeRunPlan(plan, new Map(sizes)))
    if (!earlier) return { plan }
    const said = describeEarlier(earlier, {
      total: plan.tasks.length,
      now: Date.now(),
    })
    this.log(`\n${said}.`)
    return { plan, earlier: countEarlier(earlier) }
  }

  protected override whatGoesOn(): Suggestion {
    if (this.sent === undefined) return 'What was sent so far is done all the same'
    const job = String(this.sent)
    return suggest`Job ${job} goes on. See it: ${tm('job', {}, job)}. End it: ${tm('cancel', {}, job)}`
  }

  private async read() {
    // Taken before anything is parsed, since that changes it.
    const { argv: given } = this
    const end = given.indexOf('--')
    const shape = { ...Run.baseFlags, ...Run.flags }
    const before = end === -1 ? given : given.slice(0, end)
    const { positionals, rest } = splitPositionals(before, shape)
    const { flags } = await this.parse(Run, rest)
    if (end !== -1) {
      const argv = given.slice(end + 1)
      if (argv.length === 0) throw nothingToRun()
      return { flags, command: { argv }, files: positionals }
    }
    const [line, ...files] = positionals
    if (line === undefined) throw nothingToRun()
    return { flags, command: { line }, files }
  }
}

function summary(result: RunResult): string {
  const { number: job, tasks, failed = [], files = [], waiting = 0 } = result
  const succeeded = tasks - failed.length - waiting
  const done = `job ${job}: ${number(succeeded)} of ${number(tasks)} done`
  const left =
    (failed.length > 0 ? `, ${number(failed.length)} failed` : '') +
    (waiting > 0 ? `, ${number(waiting)} not run` : '')
  return done + left + (files.length > 0 ? `, ${pluralize(files.length, 'file')} here` : '')
}

function nobodyWaits(): TmError {
  const message = 'With --detach nobody is there to remove the cluster that --local would start'
  return new TmError('invalid', message, {
    suggestions: [
      suggest`Start one that stays: ${tm('up', { local: true })}`,
      suggest`Then: ${again}`,
    ],
  })
}

function nothingToRun(): TmError {
  return new TmError('invalid', 'There is no command to run', {
    suggestions: ["tm run 'wc -l {in}' *.txt", 'tm run *.txt -- wc -l {in}'],
  })
}
