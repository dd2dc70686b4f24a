import { Args } from '@oclif/core'
import { TmCommand } from '../cli/base.ts'
import { readIds } from '../cli/tasks/ids.ts'
import { waitAndShow } from '../cli/tasks/wait-and-show.ts'
import { splitWords } from '../cli/words.ts'
import type { Task } from '../core/task.ts'

export default class Wait extends TmCommand {
  static override summary = 'Wait until tasks are done.'
  static override description =
    'Prints the results in the order of the ids. The exit code is 1 if any task failed.'
  static override examples = [
    '<%= config.bin %> wait 01997a5e-4b7e-7cc2-8f6a-0d3b5b6e9a10',
    '<%= config.bin %> enqueue --iterations 10 *.txt | <%= config.bin %> wait -',
  ]
  static override strict = false
  static override args = {
    id: Args.string({
      required: true,
      ignoreStdin: true,
      description: 'ids of tasks, or - to read them from standard input',
    }),
  }

  async run(): Promise<{ tasks: Task[] }> {
    const { words, rest } = splitWords(this.argv, Wait.baseFlags)
    const { flags } = await this.parse(Wait, rest)
    const ids = await readIds(words)
    const saved = this.saved(flags.cluster)
    const print = (text: string) => this.log(text)
    return { tasks: await waitAndShow({ saved, ids, reporter: this.reporter, print }) }
  }
}
