import { Flags } from '@oclif/core'
import { TmCommand } from '../cli/base.ts'
import { type RotateResult, rotateTokens } from '../cli/rotate.ts'
import { parseDuration } from '../core/duration.ts'
import { TmError } from '../core/errors.ts'

export default class RotateTokens extends TmCommand {
  static override summary = 'Replace all tokens of a cluster by new ones.'
  static override description =
    `For when somebody may have seen one. Nodes and workers go on working. Afterwards every old token is \
refused, also those that were copied to other machines. Killed in the middle, it is completed by running it \
again. A worker that does not come for its new token in time is replaced.`
  static override examples = [
    '<%= config.bin %> rotate-tokens',
    {
      description: 'At once: running tasks of workers begin anew',
      command: '<%= config.bin %> rotate-tokens --wait 0s',
    },
  ]
  static override flags = {
    wait: Flags.string({ default: '1m', description: 'how long workers may take to get theirs' }),
  }

  async run(): Promise<RotateResult> {
    const { flags } = await this.parse(RotateTokens)
    const patience = parseDuration(flags.wait)
    if (patience === undefined) {
      throw new TmError('invalid', `--wait: "${flags.wait}" is no duration such as 30s or 2m`)
    }
    const saved = this.saved(flags.cluster)
    const result = await rotateTokens({ saved, patience, reporter: this.reporter })
    this.log(`Cluster ${result.cluster} has new tokens: ${this.config.bin} token`)
    return result
  }
}
