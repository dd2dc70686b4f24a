/** Lists the instances of a cluster by their tags, and terminates them. */
import {
  DescribeInstanceAttributeCommand,
  DescribeInstancesCommand,
  type Instance,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2'
import { TmError } from '../../../core/errors.ts'
import { suggest, tm } from '../../../core/suggestions.ts'
import type { Machine } from '../../provider.ts'
import type { AwsContext } from '../aws/context.ts'
import { AwsTmError, failsEveryCall } from '../aws/failure.ts'
import { clusterFilters, fromTags, tagKeys } from '../aws/tags.ts'

export interface Ec2Machine extends Machine {
  /** i-… */
  instance: string
  /** pending, running, shutting-down, terminated, stopping or stopped */
  state: string
  attempt: number
  type: string
  /** ami-… */
  image: string
  zone: string
  spot: boolean
  publicAddress?: string
  privateAddress?: string
  /** Why it is in its state, if EC2 says so. */
  reason?: string
}

/** A node that runs and can be reached. */
export interface LaunchedNode extends Ec2Machine {
  /** Where the operator reaches it: its public address, or in a private subnet its private one. */
  address: string
  privateAddress: string
}

/**
 * An instance that is not listed counts as gone after this time: DescribeInstances may lag behind
 * RunInstances and TerminateInstances (EC2 API Reference, Eventual consistency). Karpenter takes 30 s.
 */
export const absenceGraceMs = 30_000

const terminatedWithinMs = 10 * 60_000

/** Terminating or terminated: can't be stopped from ending, and stays listed for an hour or so. */
export function isLeaving({ state }: Pick<Ec2Machine, 'state'>): boolean {
  return state === 'shutting-down' || state === 'terminated'
}

export interface ListFilter {
  cluster?: string
  /** Tag `tm:id`. */
  id?: string
  /** All but terminated ones, which EC2 goes on listing for an hour or so. */
  live?: boolean
  doing?: string
  deadlineMs?: number
}

const liveStates = ['pending', 'running', 'shutting-down', 'stopping', 'stopped']

/** Instances of one cluster or of all, with one call per 1000 instances. */
export async function listInstances(
  aws: AwsContext,
  { cluster, id, live = false, doing = 'listing the machines', ...limit }: ListFilter,
): Promise<Ec2Machine[]> {
  const Filters = [
    ...clusterFilters(cluster),
    ...(id ? [{ Name: `tag:${tagKeys.id}`, Values: [id] }] : []),
    ...(live ? [{ Name: 'instance-state-name', Values: liveStates }] : []),
  ]
  const found = await aws.list(
    (NextToken) => new DescribeInstancesCommand({ Filters, MaxResults: 1000, NextToken }),
    ({ Reservations = [] }) => Reservations.flatMap(({ Instances = [] }) => Instances),
    { doing, ...limit },
  )
  return found.map(readInstance)
}

/** Whether EC2 refuses to end it, because somebody has told EC2 so. */
export async function hasProtection(aws: AwsContext, instance: string): Promise<boolean> {
  const command = new DescribeInstanceAttributeCommand({
    InstanceId: instance,
    Attribute: 'disableApiTermination',
  })
  const options = { doing: `looking at ${instance}`, answers: ['InvalidInstanceID.NotFound'] }
  const found = await aws.call(command, options)
  return found?.DisableApiTermination?.Value === true
}

/** EC2 does not say that a key is the cause, but nothing else ends a launch like this (EC2 User Guide). */
export function explainReason(reason: string | undefined): string | undefined {
  if (!reason || !/Client\.(InternalError|InvalidKMSKey)/.test(reason)) return reason
  return `${reason} (most often its disk is encrypted with a KMS key that may not be used: see docs/aws.md)`
}

/** The vCPUs of all running machines of the account in this region, whoever launched them. */
export async function listVcpus(
  aws: AwsContext,
): Promise<{ type: string; spot: boolean; vcpus: number }[]> {
  const Filters = [{ Name: 'instance-state-name', Values: ['pending', 'running'] }]
  const found = await aws.list(
    (NextToken) => new DescribeInstancesCommand({ Filters, MaxResults: 1000, NextToken }),
    ({ Reservations = [] }) => Reservations.flatMap(({ Instances = [] }) => Instances),
    { doing: 'counting the vCPUs in use' },
  )
  return found.map(({ InstanceType = '', InstanceLifecycle, CpuOptions }) => ({
    type: InstanceType,
    spot: InstanceLifecycle === 'spot',
    vcpus: (CpuOptions?.CoreCount ?? 0) * (CpuOptions?.ThreadsPerCore ?? 1),
  }))
}

/** Everything with the tag of a cluster counts, even if the other tags are missing. */
export function readInstance(instance: Instance): Ec2Machine {
  const tags = fromTags(instance.Tags)
  const kind = tags.get(tagKeys.kind) === 'node' ? 'node' : 'worker'
  const node = kind === 'worker' ? tags.get(tagKeys.node) : undefined
  const reason = explainReason(instance.StateReason?.Message)
  return {
    id: tags.get(tagKeys.id) ?? instance.InstanceId ?? '',
    kind,
    cluster: tags.get(tagKeys.cluster) ?? '',
    ...(node ? { node } : {}),
    launchedAt: instance.LaunchTime?.getTime() ?? 0,
    instance: instance.InstanceId ?? '',
    state: instance.State?.Name ?? 'pending',
    attempt: Number(tags.get(tagKeys.attempt) ?? 0),
    type: instance.InstanceType ?? '',
    image: instance.ImageId ?? '',
    zone: instance.Placement?.AvailabilityZone ?? '',
    spot: instance.InstanceLifecycle === 'spot',
    ...(instance.PublicIpAddress ? { publicAddress: instance.PublicIpAddress } : {}),
    ...(instance.PrivateIpAddress ? { privateAddress: instance.PrivateIpAddress } : {}),
    ...(reason ? { reason } : {}),
  }
}

/**
 * Terminates these instances and resolves when all are gone but those that AWS refuses to terminate:
 * the answer says why. Repeats the request for those that do not start to terminate: right after a
 * launch EC2 may not know the instance. Polls by itself, because the SDK's waiter fails at once on a
 * pending instance and waits 15 s first.
 */
export async function terminateInstances(
  aws: AwsContext,
  { cluster, instances }: { cluster: string; instances: string[] },
): Promise<Map<string, TmError>> {
  const missingSince = new Map<string, number>()
  const refused = new Map<string, TmError>()
  let left = instances
  if (left.length === 0) return refused
  const done = await aws.until(async () => {
    const listed = await listInstances(aws, { cluster, doing: 'waiting for machines to terminate' })
    const seen = new Map(listed.map((one) => [one.instance, one]))
    left = left.filter((id) => {
      const machine = seen.get(id)
      if (machine) missingSince.delete(id)
      else if (!missingSince.has(id)) missingSince.set(id, aws.now())
      if (machine) return machine.state !== 'terminated'
      return aws.now() - (missingSince.get(id) ?? 0) < absenceGraceMs
    })
    const staying = left.filter((id) => !isLeaving(seen.get(id) ?? { state: '' }))
    for (const [id, error] of await requestTermination(aws, staying)) refused.set(id, error)
    left = left.filter((id) => !refused.has(id))
    return left.length === 0 ? true : undefined
  }, terminatedWithinMs)
  if (!done) throw notTerminated(left)
  return refused
}

/**
 * Returns why AWS refuses to terminate some of them. One id that is unknown or refused fails the call
 * for the others: then each gets a call of its own.
 */
async function requestTermination(aws: AwsContext, ids: string[]): Promise<Map<string, TmError>> {
  const [id, ...others] = ids
  if (id === undefined) return new Map()
  const command = new TerminateInstancesCommand({ InstanceIds: ids })
  const options = {
    doing: `terminating ${ids.join(', ')}`,
    answers: ['InvalidInstanceID.NotFound'],
  }
  try {
    const done = await aws.call(command, options)
    if (done || others.length === 0) return new Map()
  } catch (error) {
    if (!(error instanceof AwsTmError) || failsEveryCall(error)) throw error
    if (others.length === 0) return new Map([[id, whyKept(aws, id, error)]])
  }
  const refused = await Promise.all(ids.map((one) => requestTermination(aws, [one])))
  return new Map(refused.flatMap((one) => [...one]))
}

/** Termination protection is somebody's decision: it is named, not undone. */
function whyKept({ region }: AwsContext, id: string, error: AwsTmError): TmError {
  if (error.failure.code !== 'OperationNotPermitted') return error
  return new TmError('failed', `${id} runs on: its termination protection is on`, {
    cause: error,
    suggestions: [
      `Turn it off: aws ec2 modify-instance-attribute --region ${region} --instance-id ${id} --no-disable-api-termination`,
      suggest`Then: ${tm('down')}`,
    ],
  })
}

function notTerminated(ids: string[]): TmError {
  return new TmError('failed', `Not terminated after 10 minutes: ${ids.join(', ')}`, {
    suggestions: [
      suggest`Try again: ${tm('down')}`,
      `Inspect them: aws ec2 describe-instances --instance-ids ${ids.join(' ')}`,
    ],
  })
}
