import { Args, Flags } from '@oclif/core'
import type { Task } from '../api/client.ts'
import { TmCommand } from '../cli/base.ts'
import { outputWritten } from '../cli/ending/stdout.ts'
import { splitPositionals } from '../cli/flags/positionals.ts'
import { type Enqueued, enqueueFiles } from '../cli/tasks/enqueue.ts'
import { isStdin } from '../cli/tasks/files.ts'
import { earlierTasks, notKnown } from '../cli/tasks/resume.ts'
import { waitAndShow } from '../cli/tasks/wait-and-show.ts'
import { TmError } from '../core/errors.ts'
import {
  type Command,
  type CommandFlags,
  type Suggestion,
  suggest,
  tm,
} from '../core/suggestions.ts'
import type { Work } from '../core/task.ts'
import { number, pluralize } from '../core/text.ts'
import { iterated, iterationsRange, readIterations } from '../kinds/sha512/sha512.ts'
import { answered, askAll, nodesOf } from '../state/cluster-nodes.ts'
import type { ClusterState } from '../state/cluster-state.ts'
import { rememberFiles } from '../state/file-names.ts'

type Bad = Enqueued['errors'][number]

export default class Enqueue extends TmCommand {
  static override changes = true
  static override summary = 'Create a task for each file.'
  static override description =
    `Prints one id per line, in the order of the files, as soon as a node has the task on disk. A file \
that can't be read is reported and left out; the exit code is then 1.`
  static override examples = [
    '<%= config.bin %> enqueue --iterations 1000 data/*.bin',
    {
      description: 'From standard input',
      command: 'date | <%= config.bin %> enqueue --iterations 1 -',
    },
    {
      description: 'After Ctrl-C, a crash or a lost node: only what is missing',
      command: '<%= config.bin %> enqueue --iterations 1000 --resume data/*.bin',
    },
    {
      description: 'Wait for the results',
      command: '<%= config.bin %> enqueue --iterations 1000 --wait data/*.bin',
    },
  ]
  static override strict = false
  static override args = {
    file: Args.string({
      required: true,
      ignoreStdin: true,
      description: 'files, or - for standard input',
    }),
  }
  static override flags = {
    iterations: Flags.string({
      char: 'n',
      required: true,
      description: `how many times SHA-512 is applied, from 1 to ${iterationsRange.max}`,
    }),
    resume: Flags.boolean({
      description: 'leave out files that this machine has enqueued before',
    }),
    wait: Flags.boolean({ description: 'wait until all tasks are done, then print the results' }),
  }

  /** For whoever interrupts it. */
  private progress: Suggestion = 'Nothing was enqueued.'

  async run(): Promise<Enqueued | { tasks: (Task & { file: string })[]; errors: Bad[] }> {
    const { positionals: files, rest } = splitPositionals(this.argv, {
      ...Enqueue.baseFlags,
      ...Enqueue.flags,
    })
    const { flags } = await this.parse(Enqueue, rest)
    const work = iterated(readIterations('--iterations', flags.iterations))
    onlyOneStdin(files)
    const state = this.clusterState(flags.cluster)
    const enqueued = await this.enqueue(state, {
      files,
      work,
      show: !flags.wait,
      resume: flags.resume,
    })
    if (enqueued.errors.length > 0) {
      process.exitCode = 1
      this.logToStderr(
        `${number(enqueued.errors.length)} of ${number(files.length)} files were not enqueued.`,
      )
    }
    if (!flags.wait || enqueued.tasks.length === 0) {
      await outputWritten(`Enqueued: ${pluralize(enqueued.tasks.length, 'file')}`, [
        suggest`Print the ids: ${resuming()}`,
      ])
      return enqueued
    }
    const ids = enqueued.tasks.map(({ id }) => id)
    this.progress = suggest`The tasks go on. Wait for them again: ${resuming({ wait: true })}`
    const done = await waitAndShow({ state, ids, ...this.showing() })
    const tasks = done.map((task, index) => ({ ...task, file: enqueued.tasks[index]?.file ?? '' }))
    return { tasks, errors: enqueued.errors }
  }

  protected override whatGoesOn(): Suggestion {
    return this.progress
  }

  private async enqueue(
    state: ClusterState,
    { files, work, show, resume }: EnqueueRequest,
  ): Promise<Enqueued> {
    const nodes = nodesOf(state)
    const warn = (text: string) => this.logToStderr(text)
    const settings = await askAll(nodes, ({ client }) => client.getSettings({ timeoutMs: 5000 }))
    const limits = answered(settings, warn).map(({ maxBody }) => maxBody)
    if (limits.length === 0) throw noNode(state)
    const failed = settings.find(({ ok }) => !ok)
    if (resume && failed && !failed.ok) throw notKnown(failed.node.id, failed.why)
    const earlier = resume ? earlierTasks(state, nodes) : undefined
    const counter = this.reporter.count('enqueued', files.length)
    this.progress = sentSoFar(0, files.length)
    try {
      const enqueued = await enqueueFiles({
        sources: files.map((file) => ({ file, work })),
        nodes: nodes.filter((_, index) => settings[index]?.ok),
        maxBody: Math.min(...limits),
        ...(earlier ? { earlier } : {}),
        onSending: (tasks) => rememberFiles(state, tasks),
        onId: (id) => show && this.log(id),
        onBad: (_, { message }) => this.logToStderr(`Error: ${message}`),
        onDone: (sent) => {
          counter.set(sent)
          this.progress = sentSoFar(sent, files.length)
        },
        onWarning: warn,
      })
      counter.set(enqueued.tasks.length)
      counter.end(enqueued.errors.length === 0)
      if (earlier) warn(`${number(earlier.count())} of them had been enqueued before.`)
      return enqueued
    } catch (error) {
      counter.end(false)
      throw error
    }
  }
}

interface EnqueueRequest {
  files: string[]
  work: Work
  /** Prints the ids. */
  show: boolean
  resume: boolean
}

function sentSoFar(sent: number, all: number): Suggestion {
  return suggest`${number(sent)} of ${number(all)} files are enqueued, and their tasks go on. The rest: ${resuming()}`
}

/** The same command again, which makes no second task of what a node has. */
function resuming(flags: CommandFlags = {}): Command {
  return tm('enqueue', { ...flags, resume: true }, '…')
}

function onlyOneStdin(files: string[]): void {
  if (files.filter(isStdin).length < 2) return
  throw new TmError('invalid', 'Standard input can be read only once: give - once')
}

function noNode(state: ClusterState): TmError {
  return new TmError('unreachable', `No node of cluster ${state.name} answers`, {
    suggestions: [
      suggest`Start the nodes that are gone: ${tm('up')}`,
      suggest`See which: ${tm('health')}`,
    ],
  })
}
