/** `tm allow-ip`: opens the security group to the given addresses, and closes it to all others. */

import { TmError } from '../../../core/errors.ts'
import type { Reporter } from '../../../core/progress.ts'
import { suggest, tm } from '../../../core/suggestions.ts'
import type { Ec2Record } from '../../../state/cluster-record.ts'
import type { ClusterState } from '../../../state/cluster-state.ts'
import type { Connect } from '../aws/connect.ts'
import type { AwsContext } from '../aws/context.ts'
import { whoAmI } from '../aws/identity.ts'
import { ensureGroup, listGroups } from '../network/group.ts'
import { operatorAddress } from '../network/operator-address.ts'
import { nodePort } from './choices.ts'
import { withCommandContext } from './command-context.ts'
import { checkAccount } from './record.ts'

export interface AllowOptions {
  state: ClusterState
  record: Ec2Record | undefined
  /** As given with --region. */
  region: string | undefined
  profile?: string | undefined
  ambientRegion: string | undefined
  /** The operator's own address, if undefined. */
  cidrs: string[] | undefined
  reporter: Reporter
  signal: AbortSignal
  connect?: Connect
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
  const { state, record, signal, reporter, connect, fetch = globalThis.fetch } = options
  const cluster = state.name
  if (record?.privateAddresses && !options.cidrs) throw isPrivate(cluster)
  if (record?.choices.securityGroup) throw isGiven(record, options.cidrs)
  const region = options.region ?? record?.region ?? options.ambientRegion
  const profile = options.profile ?? record?.profile
  const command = { region, profile, signal, connect, interrupted }
  return await withCommandContext(command, async (aws) => {
    checkAccount(record, await whoAmI(aws))
    const port = await portOf(aws, cluster)
    const cidr = '203.0.113.7/32'
    const instead = suggest`Name the addresses that may reach the nodes: ${tm('allow-ip', { cidr })}`
    const asked = { instead, fetch, signal }
    const cidrs = options.cidrs ?? [await operatorAddress(asked)]
    const { id, opened, closed } = await reporter.step('security group', async (note) => {
      const changed = await ensureGroup(aws, { cluster, port, cidrs })
      note(changed.id)
      return changed
    })
    if (record) state.write({ ...record, choices: choicesWith(record, options.cidrs) })
    return { cluster, region: aws.region, group: id, cidrs, opened, closed }
  })
}

function interrupted(): TmError {
  return new TmError('failed', 'Interrupted; the security group may or may not be changed', {
    suggestions: [suggest`Run it again: ${tm('allow-ip')}`],
  })
}

/** What the internet sees as the operator's address is not the one that comes through a VPN. */
function isPrivate(cluster: string): TmError {
  const message = `The machines of cluster ${cluster} have private addresses, and tm can't know from which address you reach them`
  const cidr = '10.0.0.0/16'
  return new TmError('invalid', message, {
    suggestions: [suggest`Name it: ${tm('allow-ip', { cidr })}`],
  })
}

/** A group that somebody else has made, with `--security-group`. */
function isGiven({ cluster, region, port, choices }: Ec2Record, cidrs?: string[]): TmError {
  const { securityGroup: id } = choices
  const rule = `--protocol tcp --port ${port} --cidr ${cidrs?.[0] ?? '203.0.113.7/32'}`
  const message = `The machines of cluster ${cluster} are in security group ${id}, which tm does not change`
  return new TmError('conflict', message, {
    suggestions: [
      `Open it: aws ec2 authorize-security-group-ingress --region ${region} --group-id ${id} ${rule}`,
    ],
  })
}

/** The port of the cluster; the default, if somebody has emptied the group. */
async function portOf(aws: AwsContext, cluster: string): Promise<number> {
  const [group] = await listGroups(aws, { cluster })
  const ports = (group?.IpPermissions ?? []).flatMap(({ UserIdGroupPairs = [], FromPort }) =>
    UserIdGroupPairs.length > 0 && FromPort !== undefined ? [FromPort] : [],
  )
  return ports[0] ?? nodePort
}

/** Recorded, so that the next `tm up` does not close what was opened here. */
function choicesWith({ choices }: Ec2Record, cidrs: string[] | undefined): Ec2Record['choices'] {
  const { allowCidrs: _, ...others } = choices
  return cidrs ? { ...others, allowCidrs: cidrs } : others
}
