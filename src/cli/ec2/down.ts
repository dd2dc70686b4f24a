/**
 * `tm down` on EC2: what there is in the account is found by tag, so that it works from any machine;
 * what this machine remembers only tells whom to ask what would be lost.
 */
import { TmError } from '../../core/errors.ts'
import { type Aws, connectAws, disconnectAws } from '../../provider/ec2/clients.ts'
import { whoAmI } from '../../provider/ec2/identity.ts'
import { type Pace, systemPace } from '../../provider/ec2/pace.ts'
import { confirmLoss } from '../losses.ts'
import { askAll, type NodeLink, nodesOf } from '../nodes.ts'
import type { Reporter } from '../progress.ts'
import { type Ec2Record, type Saved, tm } from '../saved.ts'
import type { Site } from './infrastructure.ts'
import { isNotSetUp } from './not-set-up.ts'
import { checkAccount } from './record.ts'
import { type Part, partsOf, type RemovalResult, removeCluster } from './remove.ts'
import { told } from './told.ts'

export interface Ec2DownOptions {
  saved: Saved
  /** What this machine remembers; undefined where it is damaged, or is of another region. */
  record: Ec2Record | undefined
  /** Whether this machine has made it. */
  own: boolean
  /** As given with --region. */
  region: string | undefined
  ambientRegion: string | undefined
  keepData: boolean
  /** Asks before anything that was not handed back is removed; false stops. */
  confirm: (loss: string) => Promise<boolean>
  reporter: Reporter
  signal: AbortSignal
  connect?: (region: string | undefined) => Promise<Aws>
  pace?: Pace
}

/**
 * Undefined where nobody has said that the cluster is on EC2, and this machine has no way to look:
 * no credentials, or no region.
 */
export async function downEc2(options: Ec2DownOptions): Promise<RemovalResult | undefined> {
  const { saved, record, own, signal, connect = (place) => connectAws({ region: place }) } = options
  const { name: cluster } = saved
  const meant = own || options.region !== undefined
  if (options.keepData && meant) throw noData()
  const pace = { ...(options.pace ?? systemPace), signal }
  const called = { command: 'down', cluster, region: options.region, signal }
  return await told({ ...called, interrupted: () => interrupted(cluster) }, async () => {
    const region = options.region ?? record?.region ?? options.ambientRegion
    const { reporter } = options
    const aws = await connect(region).catch((error) => {
      if (meant || !isNotSetUp(error)) throw error
    })
    if (!aws) return undefined
    try {
      checkAccount(record, await whoAmI(aws, pace))
      return await remove(options, { aws, cluster, pace, reporter })
    } catch (error) {
      if (meant || !isNotSetUp(error)) throw error
      reporter.say(`EC2 in ${aws.region} was not looked at: there are no AWS credentials.`)
      return undefined
    } finally {
      disconnectAws(aws)
    }
  })
}

async function remove(options: Ec2DownOptions, site: Site): Promise<RemovalResult> {
  const { saved, record, own, reporter } = options
  const { cluster } = site
  const { region } = site.aws
  const parts = await partsOf(site)
  if (parts.length === 0 && !record) {
    if (own) throw elsewhere(saved, region)
    reporter.say(`Nothing is left of cluster ${cluster}, on this machine or in ${region}.`)
    return { cluster, removed: [], remaining: [] }
  }
  if (options.keepData) throw noData()
  const nodes = await confirmAll(options, parts)
  if (nodes.length > 0) {
    await reporter.step('drain', () =>
      askAll(nodes, ({ client }) => client.drain({ timeout: 3000 })),
    )
  }
  const result = await removeCluster(site)
  if (result.remaining.length === 0) {
    if (record || (own && result.removed.length > 0)) saved.remove()
    reporter.say(`Nothing is left of cluster ${cluster} in ${region}.`)
  } else reporter.say(`Not everything is gone. Run it again: ${tm('down --yes', cluster)}`)
  return result
}

/** Asks about what would be lost on the machines that there are; the nodes that can be talked to. */
async function confirmAll(options: Ec2DownOptions, parts: Part[]): Promise<NodeLink[]> {
  const { saved, record, confirm } = options
  const there = parts.filter(({ kind }) => kind === 'node').map(({ id }) => id)
  const known = record ? reachable(saved) : []
  const nodes = known.filter(({ id, url }) => url !== '' && there.includes(id))
  const unknown = there.filter((id) => !nodes.some((node) => node.id === id))
  const suggestions = [
    ...(record ? [tm('pull --top 1000', saved.name)] : []),
    'Remove it all the same: tm down --yes',
  ]
  const why = record ? {} : { why: 'which only the machine that made the cluster can ask' }
  await confirmLoss({ nodes, unknown, ...why, confirm, suggestions })
  return nodes
}

/** Without its secret, a cluster can still be removed. */
function reachable(saved: Saved): NodeLink[] {
  try {
    return nodesOf(saved)
  } catch (error) {
    if (error instanceof TmError && error.code === 'not_found') return []
    throw error
  }
}

/** Which region the damaged record named is not known. */
function elsewhere(saved: Saved, region: string): TmError {
  const message = `Cluster ${saved.name} is not in ${region}, and its record can't be read`
  return new TmError('damaged', message, {
    suggestions: [
      'If it is in another region: tm down --region REGION',
      `If it is in none: rm -r ${saved.folder}`,
    ],
  })
}

function noData(): TmError {
  return new TmError(
    'invalid',
    '--keep-data is for clusters on this machine: on EC2 the data is on the machines',
    {
      suggestions: ['Fetch the results first: tm pull --top 1000', 'Then: tm down'],
    },
  )
}

function interrupted(cluster: string): TmError {
  return new TmError('failed', 'Interrupted; some of the cluster may be left', {
    suggestions: [`Go on: ${tm('down --yes', cluster)}`],
  })
}
