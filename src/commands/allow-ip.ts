import { Flags } from '@oclif/core'
import { TmCommand } from '../cli/base.ts'
import { profileFlag, readCidrs, regionFlag } from '../cli/flags/ec2.ts'
import { TmError } from '../core/errors.ts'
import { suggest, tm } from '../core/suggestions.ts'
import type { AllowResult } from '../provider/ec2/cluster/allow-addresses.ts'
import { ec2RecordIn, locationOf } from '../state/cluster-location.ts'

export default class AllowIp extends TmCommand {
  static override changes = true
  static override summary = 'Allow your new address, or others, to reach a cluster on EC2.'
  static override description =
    `Opens the port of the nodes to these addresses and closes it to all others; the machines of the \
cluster can still reach each other.`
  static override examples = [
    { description: 'Your own address has changed', command: '<%= config.bin %> allow-ip' },
    {
      description: 'An office and a single machine',
      command: '<%= config.bin %> allow-ip --cidr 198.51.100.0/24,203.0.113.7',
    },
  ]
  static override flags = {
    cidr: Flags.string({
      description: 'addresses or blocks, separated by commas [default: your own address]',
      multiple: true,
      multipleNonGreedy: true,
    }),
    region: regionFlag,
    profile: profileFlag,
  }

  async run(): Promise<AllowResult> {
    const { flags } = await this.parse(AllowIp)
    const cidrs = flags.cidr && readCidrs('--cidr', flags.cidr.join(','))
    const state = this.clusterState(flags.cluster)
    if (flags.region === undefined && locationOf(state) === 'local') throw isLocal(state.name)
    const record = ec2RecordIn(state)
    const other = flags.region !== undefined && flags.region !== record?.region
    // Loaded here: the AWS SDK takes longer to load than everything else together.
    const { allowAddresses } = await import('../provider/ec2/cluster/allow-addresses.ts')
    const result = await allowAddresses({
      state,
      record: other ? undefined : record,
      region: flags.region,
      profile: flags.profile,
      ambientRegion: this.ambientRegion(),
      cidrs,
      reporter: this.reporter,
      signal: this.stopSignal,
    })
    const { opened, closed } = result
    const changes = [
      ...opened.map((one) => `opened ${one}`),
      ...closed.map((one) => `closed ${one}`),
    ]
    this.log(changes.length > 0 ? changes.join('\n') : `Already open: ${result.cidrs.join(', ')}`)
    return result
  }
}

function isLocal(cluster: string): TmError {
  return new TmError('invalid', `Cluster ${cluster} is on this machine and has no security group`, {
    suggestions: [
      suggest`For a cluster of the same name on EC2: ${tm('allow-ip', { region: 'REGION' })}`,
    ],
  })
}
