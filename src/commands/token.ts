import { TmCommand } from '../cli/base.ts'
import { adminToken } from '../cli/nodes.ts'

export default class Token extends TmCommand {
  static override summary = "Print the cluster's admin token."
  static override description =
    'For programs that speak HTTP to a node. Whoever has it may do anything with the cluster.'
  static override examples = [
    'curl -H "Authorization: Bearer $(<%= config.bin %> token)" $URL/v1/state',
  ]

  async run(): Promise<{ token: string }> {
    const { flags } = await this.parse(Token)
    const token = adminToken(this.saved(flags.cluster))
    this.log(token)
    return { token }
  }
}
