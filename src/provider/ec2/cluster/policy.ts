/** `tm policy`: the IAM policies of tm, filled in for an account, a region and a cluster. */
import { TmError } from '../../../core/errors.ts'
import { suggest, tm } from '../../../core/suggestions.ts'
import type { Choices } from '../../../state/cluster-record.ts'
import type { Connect } from '../aws/connect.ts'
import type { AwsContext } from '../aws/context.ts'
import { type Identity, whoAmI } from '../aws/identity.ts'
import { nodePolicy, nodeTrustPolicy, operatorPolicy, type Policy } from '../iam/policies.ts'
import { findDiskKey } from '../machines/disk-key.ts'
import { findImages } from '../machines/image.ts'
import { describeTypes } from '../machines/types.ts'
import { listGroups } from '../network/group.ts'
import { type AwsPlace, withCommandContext } from './command-context.ts'

export interface PolicyOptions extends AwsPlace {
  which: 'operator' | 'node' | 'node-trust'
  cluster: string
  /** Without it AWS is asked whose credentials these are. */
  account: string | undefined
  choices: Choices
  signal: AbortSignal
  connect?: Connect
}

export async function policyFor(options: PolicyOptions): Promise<Policy> {
  const { which, account, region, profile, signal, connect } = options
  const { securityGroup: group } = options.choices
  const interrupted = () => new TmError('failed', 'Interrupted')
  const command = { region, profile, signal, connect, interrupted }
  return await withCommandContext(command, async (aws) => {
    const place = account ? placeOf(account, aws.region) : await whoAmI(aws)
    if (which === 'operator') return operatorPolicy(place, group ? { group } : {})
    if (which === 'node-trust') return nodeTrustPolicy(place)
    return nodePolicy(place, await nodeOptions(aws, options))
  })
}

function placeOf(account: string, region: string): Omit<Identity, 'arn'> {
  const special = [
    ['cn-', 'aws-cn'],
    ['us-gov-', 'aws-us-gov'],
  ]
  const partition = special.find(([start = '']) => region.startsWith(start))?.[1] ?? 'aws'
  return { account, region, partition }
}

async function nodeOptions(aws: AwsContext, { cluster, choices }: PolicyOptions) {
  const { workerTypes: types, ami, workerAmi = ami, tags, securityGroup: group } = choices
  const found = group ?? (await listGroups(aws, { cluster }))[0]?.GroupId
  if (found === undefined) throw noGroup(cluster, aws.region)
  const images = workerAmi
    ? [workerAmi]
    : Object.values(await findImages(aws, { types: await describeTypes(aws, types) })).map(
        ({ id }) => id,
      )
  return { cluster, group: found, images, types, tags, diskKey: await findDiskKey(aws) }
}

function noGroup(cluster: string, region: string): TmError {
  const message = `Cluster ${cluster} has no security group in ${region}, and the policy of its nodes names it`
  return new TmError('not_found', message, {
    suggestions: [
      suggest`Name it: ${tm('policy', { 'security-group': 'sg-…' }, 'node')}`,
      suggest`Or create the cluster first: ${tm('up')}`,
    ],
  })
}
