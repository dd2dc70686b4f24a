import { TmCommand } from '../cli/base.ts'
import { adminToken } from '../state/cluster-nodes.ts'

export default class Token extends TmCommand {
  static override summary = "Print the cluster's admin token."
  static override description =
    'For programs that call a node over HTTP. Whoever has this token controls the cluster.'
  static override examples = [
    {
      description: 'The address of a node, which tm up and tm health print, too',
      command: `URL=$(<%= config.bin %> health --json | jq -r '.nodes[0].url')`,
    },
    {
      description: 'The state of that node',
      command: 'curl -H "Authorization: Bearer $(<%= config.bin %> token)" $URL/v1/state',
    },
  ]

  async run(): Promise<{ token: string }> {
    const { flags } = await this.parse(Token)
    const token = adminToken(this.clusterState(flags.cluster))
    this.log(token)
    return { token }
  }
}
