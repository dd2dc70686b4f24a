import { Flags } from '@oclif/core'
import { TmCommand } from '../cli/base.ts'
import { type RotateResult, rotateTokens } from '../cli/cluster/rotate-tokens.ts'
import { parseDuration } from '../core/duration.ts'
import { TmError } from '../core/errors.ts'
import { type Suggestion, suggest, tm } from '../core/suggestions.ts'

export default class RotateTokens extends TmCommand {
  static override changes = true
  static override summary = 'Replace all tokens of a cluster.'
  static override description =
    `Use it when somebody may have seen a token. Nodes and workers keep working. Afterwards every old \
token is refused, including copies on other machines. If the command is killed, run it again. A worker \
that does not fetch its new token in time is replaced.`
  static override examples = [
    '<%= config.bin %> rotate-tokens',
    {
      description: 'Without waiting: tasks that are running start again',
      command: '<%= config.bin %> rotate-tokens --wait 0s',
    },
  ]
  static override flags = {
    wait: Flags.string({
      default: '1m',
      description: 'how long workers may take to fetch their new token',
    }),
  }

  async run(): Promise<RotateResult> {
    const { flags } = await this.parse(RotateTokens)
    const waitMs = parseDuration(flags.wait)
    if (waitMs === undefined) {
      throw new TmError(
        'invalid',
        `--wait must be a duration such as 30s or 2m, not "${flags.wait}"`,
      )
    }
    const state = this.clusterState(flags.cluster)
    const result = await rotateTokens({ state, waitMs, reporter: this.reporter })
    this.log(
      `Cluster ${result.cluster} has new tokens. Print the admin token: ${this.config.bin} token`,
    )
    return result
  }

  protected override whatGoesOn(): Suggestion {
    return suggest`Nodes may still accept the old tokens. Complete it: ${tm('rotate-tokens')}`
  }
}
