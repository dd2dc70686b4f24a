import { confirm as ask } from '@inquirer/prompts'
import { Flags } from '@oclif/core'
import { TmCommand } from '../cli/base.ts'
import { type DownResult, downLocal } from '../cli/local/down.ts'

export default class Down extends TmCommand {
  static override summary = 'Remove a cluster, and prove that nothing is left of it.'
  static override description =
    `Drains it, stops its workers (running tasks end or go back to the queue) and its nodes, by \
force if need be, and removes its data. Safe to run again.`
  static override examples = [
    '<%= config.bin %> down',
    { description: 'Without a question', command: '<%= config.bin %> down --yes' },
    {
      description: 'Keep queue and results, for the next tm up',
      command: '<%= config.bin %> down --keep-data',
    },
  ]
  static override flags = {
    yes: Flags.boolean({ char: 'y', description: 'do not ask, whatever is lost' }),
    'keep-data': Flags.boolean({ description: 'keep the data on disk for a later tm up' }),
  }

  async run(): Promise<DownResult> {
    const { flags } = await this.parse(Down)
    return await downLocal({
      saved: this.saved(flags.cluster),
      launcher: { command: this.machineCommand(), env: this.machineEnvironment() },
      keepData: flags['keep-data'],
      confirm: async (loss) => flags.yes || (await this.confirm(loss)),
      reporter: this.reporter,
    })
  }

  /** Without a terminal there is nobody to ask: then the answer is no. */
  private async confirm(loss: string): Promise<boolean> {
    this.logToStderr(`Down removes: ${loss}.`)
    if (!process.stdin.isTTY || this.jsonEnabled()) return false
    return await ask({ message: 'Go on?', default: false }, { output: process.stderr })
  }
}
