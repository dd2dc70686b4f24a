/** `tm allow-ip`: opens the security group for another address of the operator, and closes it for all others. */
import { TmError } from '../../core/errors.ts'
import { type Aws, connectAws, disconnectAws } from '../../provider/ec2/clients.ts'
import { ensureGroup, listGroups } from '../../provider/ec2/group.ts'
import { whoAmI } from '../../provider/ec2/identity.ts'
import { type Pace, systemPace } from '../../provider/ec2/pace.ts'
import type { Reporter } from '../progress.ts'
import { type Ec2Record, type Saved, tm } from '../saved.ts'
import { operatorAddress } from './address.ts'
import { nodePort } from './choices.ts'
import { checkAccount } from './record.ts'
import { told } from './told.ts'

export interface AllowOptions {
  saved: Saved
  record: Ec2Record | undefined
  /** As given with --region. */
  region: string | undefined
  ambientRegion: string | undefined
  /** The operator's own address of the moment, if undefined. */
  cidrs: string[] | undefined
  reporter: Reporter
  signal: AbortSignal
  connect?: (region: string | undefined) => Promise<Aws>
  pace?: Pace
  fetch?: typeof fetch
}

export interface AllowResult {
  cluster: string
  region: string
  group: string
  cidrs: string[]
  opened: string[]
  closed: string[]
}

export async function allowAddresses(options: AllowOptions): Promise<AllowResult> {
  const { saved, record, signal, reporter } = options
  const { connect = (place) => connectAws({ region: place }) } = options
  const { name: cluster } = saved
  const pace = { ...(options.pace ?? systemPace), signal }
  const interrupted = () =>
    new TmError('failed', 'Interrupted; the security group may be changed or not', {
      suggestions: [`Run it again: ${tm('allow-ip', cluster)}`],
    })
  const called = { command: 'allow-ip', cluster, region: options.region, signal, interrupted }
  return await told(called, async () => {
    const aws = await connect(options.region ?? record?.region ?? options.ambientRegion)
    try {
      checkAccount(record, await whoAmI(aws, pace))
      const port = await portOf(aws, cluster, pace)
      const { fetch = globalThis.fetch } = options
      const asked = { flag: 'tm allow-ip --cidr', fetch, signal }
      const cidrs = options.cidrs ?? [await operatorAddress(asked)]
      const group = await reporter.step('security group', async (note) => {
        const changed = await ensureGroup(aws, { cluster, port, cidrs }, pace)
        note(changed.id)
        return changed
      })
      remember(saved, record, options.cidrs)
      const { id, opened, closed } = group
      return { cluster, region: aws.region, group: id, cidrs, opened, closed }
    } finally {
      disconnectAws(aws)
    }
  })
}

/** The port that the cluster has; ours where somebody has emptied the group. */
async function portOf(aws: Aws, cluster: string, pace: Pace): Promise<number> {
  const [group] = await listGroups(aws, { cluster }, pace)
  const ports = (group?.IpPermissions ?? []).flatMap(({ UserIdGroupPairs = [], FromPort }) =>
    UserIdGroupPairs.length > 0 && FromPort !== undefined ? [FromPort] : [],
  )
  return ports[0] ?? nodePort
}

/** The next `tm up` shall not close again what was opened here. */
function remember(saved: Saved, record: Ec2Record | undefined, cidrs: string[] | undefined): void {
  if (!record) return
  const { allowCidrs: _, ...choices } = record.choices
  saved.write({ ...record, choices: cidrs ? { ...choices, allowCidrs: cidrs } : choices })
}
