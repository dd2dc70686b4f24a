import { Flags } from '@oclif/core'
import { TmCommand } from '../cli/base.ts'
import type { AllowResult } from '../cli/ec2/allow.ts'
import { readCidrs, regionFlag } from '../cli/ec2/flags.ts'
import { ec2RecordIn, whereIs } from '../cli/where.ts'
import { TmError } from '../core/errors.ts'
import { stopSignal } from '../instance/signals.ts'

export default class AllowIp extends TmCommand {
  static override summary = 'Let your new address, or others, reach a cluster on EC2.'
  static override description =
    `Opens the port of the nodes for these addresses and closes it for all others; the machines of \
the cluster still reach each other.`
  static override examples = [
    { description: 'Your own address has changed', command: '<%= config.bin %> allow-ip' },
    {
      description: 'An office and a single machine',
      command: '<%= config.bin %> allow-ip --cidr 198.51.100.0/24,203.0.113.7',
    },
  ]
  static override flags = {
    cidr: Flags.string({
      description: 'addresses or blocks, with commas [default: your own address]',
      multiple: true,
      multipleNonGreedy: true,
    }),
    region: regionFlag,
  }

  async run(): Promise<AllowResult> {
    const { flags } = await this.parse(AllowIp)
    const cidrs = flags.cidr && readCidrs('--cidr', flags.cidr.join(','))
    const saved = this.saved(flags.cluster)
    if (flags.region === undefined && whereIs(saved) === 'local') throw isLocal(saved.name)
    const record = ec2RecordIn(saved)
    const other = flags.region !== undefined && flags.region !== record?.region
    // Loaded here: the AWS SDK takes longer to load than everything else together.
    const { allowAddresses } = await import('../cli/ec2/allow.ts')
    const result = await allowAddresses({
      saved,
      record: other ? undefined : record,
      region: flags.region,
      ambientRegion: this.ambientRegion(),
      cidrs,
      reporter: this.reporter,
      signal: stopSignal(),
    })
    const { opened, closed } = result
    const changes = [...opened.map((one) => `open ${one}`), ...closed.map((one) => `closed ${one}`)]
    this.log(changes.length > 0 ? changes.join('\n') : `Open already: ${result.cidrs.join(', ')}`)
    return result
  }
}

function isLocal(cluster: string): TmError {
  return new TmError('invalid', `Cluster ${cluster} is on this machine, which has no such group`, {
    suggestions: ['For one on EC2 of the same name: tm allow-ip --region REGION'],
  })
}
