import { Args, Flags } from '@oclif/core'
import { TmCommand } from '../cli/base.ts'
import { answered, askAll, nodesOf } from '../cli/nodes.ts'
import { number } from '../cli/progress.ts'
import { type Saved, tm, upOf } from '../cli/saved.ts'
import { type Enqueued, enqueueFiles } from '../cli/tasks/enqueue.ts'
import { rememberFiles } from '../cli/tasks/file-names.ts'
import { earlierTasks, notKnown } from '../cli/tasks/resume.ts'
import { waitAndShow } from '../cli/tasks/wait-and-show.ts'
import { splitWords } from '../cli/words.ts'
import { TmError } from '../core/errors.ts'
import { requireInteger } from '../core/integers.ts'
import { maxIterations, type Task } from '../core/task.ts'

type Bad = Enqueued['errors'][number]

export default class Enqueue extends TmCommand {
  static override summary = 'Make a task of each file.'
  static override description =
    `Prints an id per line, in the order of the files, as soon as a node has the task on its disk. A \
file that can't be read is named and the others go through; then the exit code is 1.`
  static override examples = [
    '<%= config.bin %> enqueue --iterations 1000 data/*.bin',
    {
      description: 'From standard input',
      command: 'date | <%= config.bin %> enqueue --iterations 1 -',
    },
    {
      description: 'After Ctrl-C, a crash, or a lost node: only what is missing',
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
      description: `how often SHA-512 is applied, from 1 to ${maxIterations}`,
    }),
    resume: Flags.boolean({
      description: 'go on after an interruption: what was enqueued from here is not again',
    }),
    wait: Flags.boolean({ description: 'wait until all are done, then print the results' }),
  }

  async run(): Promise<Enqueued | { tasks: (Task & { file: string })[]; errors: Bad[] }> {
    const { words: files, rest } = splitWords(this.argv, { ...Enqueue.baseFlags, ...Enqueue.flags })
    const { flags } = await this.parse(Enqueue, rest)
    const iterations = requireInteger('--iterations', flags.iterations, {
      min: 1,
      max: maxIterations,
    })
    onlyOneStdin(files)
    const saved = this.saved(flags.cluster)
    const enqueued = await this.enqueue(saved, {
      files,
      iterations,
      show: !flags.wait,
      resume: flags.resume,
    })
    if (enqueued.errors.length > 0) {
      process.exitCode = 1
      this.logToStderr(
        `${number(enqueued.errors.length)} of ${number(files.length)} files were not enqueued.`,
      )
    }
    if (!flags.wait || enqueued.tasks.length === 0) return enqueued
    const ids = enqueued.tasks.map(({ id }) => id)
    const print = (text: string) => this.log(text)
    const done = await waitAndShow({ saved, ids, reporter: this.reporter, print })
    const tasks = done.map((task, index) => ({ ...task, file: enqueued.tasks[index]?.file ?? '' }))
    return { tasks, errors: enqueued.errors }
  }

  private async enqueue(
    saved: Saved,
    { files, iterations, show, resume }: EnqueueWish,
  ): Promise<Enqueued> {
    const nodes = nodesOf(saved)
    const warn = (text: string) => this.logToStderr(text)
    const settings = await askAll(nodes, ({ client }) => client.settings({ timeout: 5000 }))
    const limits = answered(settings, warn).map(({ maxBody }) => maxBody)
    if (limits.length === 0) throw noNode(saved)
    const silent = settings.find(({ ok }) => !ok)
    if (resume && silent && !silent.ok) throw notKnown(saved, silent.node.id, silent.why)
    const earlier = resume ? earlierTasks(saved, nodes) : undefined
    const counter = this.reporter.count('enqueued', files.length)
    try {
      const enqueued = await enqueueFiles({
        files,
        iterations,
        nodes: nodes.filter((_, index) => settings[index]?.ok),
        maxBody: Math.min(...limits),
        ...(earlier ? { earlier } : {}),
        onSending: (tasks) => rememberFiles(saved, tasks),
        onId: (id) => show && this.log(id),
        onBad: (_, { message }) => this.logToStderr(`Error: ${message}`),
        onDone: counter.set,
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

interface EnqueueWish {
  files: string[]
  iterations: number
  /** Prints the ids. */
  show: boolean
  resume: boolean
}

function onlyOneStdin(files: string[]): void {
  if (files.filter((file) => file === '-').length < 2) return
  throw new TmError('invalid', 'Standard input can be read only once: give - once')
}

function noNode(saved: Saved): TmError {
  return new TmError('unreachable', `No node of cluster ${saved.name} answers`, {
    suggestions: [tm(upOf(saved), saved.name), tm('health', saved.name)],
  })
}
