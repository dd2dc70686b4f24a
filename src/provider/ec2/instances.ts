/** The instances of a cluster: seen by their tags, one DescribeInstances a look, and made to end. */
import {
  DescribeInstancesCommand,
  type Instance,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2'
import { TmError } from '../../core/errors.ts'
import type { Machine } from '../provider.ts'
import type { Aws } from './clients.ts'
import { codeOf, retrying, unless } from './errors.ts'
import { pages } from './network.ts'
import { backoff, type Pace } from './pace.ts'
import { fromTags, tagKeys } from './tags.ts'

/** A machine as EC2 knows it. */
export interface Ec2Machine extends Machine {
  /** i-… */
  instance: string
  /** pending, running, shutting-down, terminated, stopping or stopped */
  state: string
  attempt: number
  type: string
  zone: string
  spot: boolean
  publicAddress?: string
  privateAddress?: string
  /** Why it is in its state, where EC2 says so. */
  reason?: string
}

/**
 * Absence is believed after this long: DescribeInstances may lag behind RunInstances and
 * TerminateInstances (EC2 API Reference, Eventual consistency). Karpenter takes 30 s.
 */
export const absenceGrace = 30_000

/** A machine that is on its way out can't be stopped from ending, and ended ones stay listed. */
export function isLeaving({ state }: Pick<Ec2Machine, 'state'>): boolean {
  return state === 'shutting-down' || state === 'terminated'
}

/** Every instance with the cluster's tag, in whatever state; of all clusters, if none is named. */
export async function listInstances(
  { ec2, region }: Aws,
  { cluster, doing = 'looking at the machines' }: { cluster?: string; doing?: string },
  pace: Pace,
): Promise<Ec2Machine[]> {
  const Filters = [
    cluster === undefined
      ? { Name: 'tag-key', Values: [tagKeys.cluster] }
      : { Name: `tag:${tagKeys.cluster}`, Values: [cluster] },
  ]
  const found = await pages(async (NextToken) => {
    const command = new DescribeInstancesCommand({ Filters, MaxResults: 1000, NextToken })
    const answer = await retrying(() => ec2.send(command), {
      pace,
      deadline: pace.now() + 60_000,
      context: { doing, region },
    })
    const items = (answer.Reservations ?? []).flatMap(({ Instances = [] }) => Instances)
    return { items, next: answer.NextToken }
  })
  return found.map(readInstance)
}

/** Whatever carries the tag of a cluster counts, even where the other tags are missing. */
export function readInstance(instance: Instance): Ec2Machine {
  const tags = fromTags(instance.Tags)
  const kind = tags.get(tagKeys.kind) === 'node' ? 'node' : 'worker'
  const node = kind === 'worker' ? tags.get(tagKeys.node) : undefined
  const reason = instance.StateReason?.Message
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
    zone: instance.Placement?.AvailabilityZone ?? '',
    spot: instance.InstanceLifecycle === 'spot',
    ...(instance.PublicIpAddress ? { publicAddress: instance.PublicIpAddress } : {}),
    ...(instance.PrivateIpAddress ? { privateAddress: instance.PrivateIpAddress } : {}),
    ...(reason ? { reason } : {}),
  }
}

/**
 * Ends these instances and answers when all are gone. Asks again while one does not begin to end: a
 * terminate right after the launch may say that there is no such instance. Own polling, because the
 * SDK's waiter fails at once on a pending instance and first waits 15 s.
 */
export async function endInstances(
  aws: Aws,
  { cluster, instances }: { cluster: string; instances: string[] },
  pace: Pace,
): Promise<void> {
  const deadline = pace.now() + 10 * 60_000
  const missingSince = new Map<string, number>()
  let left = instances
  for (let n = 0; left.length > 0; n += 1) {
    const seen = new Map(
      (await listInstances(aws, { cluster, doing: 'waiting for machines to end' }, pace)).map(
        (one) => [one.instance, one],
      ),
    )
    left = left.filter((id) => {
      const machine = seen.get(id)
      if (machine) missingSince.delete(id)
      else if (!missingSince.has(id)) missingSince.set(id, pace.now())
      if (machine) return machine.state !== 'terminated'
      return pace.now() - (missingSince.get(id) ?? 0) < absenceGrace
    })
    if (left.length === 0) return
    if (pace.now() > deadline) throw stillThere(left)
    await askToEnd(
      aws,
      left.filter((id) => !isLeaving(seen.get(id) ?? { state: '' })),
      pace,
    )
    await pace.sleep(backoff(n, pace.random(), { first: 1000, most: 5000 }), pace.signal)
  }
}

/** One unknown id would spoil the call for all of them: then each is asked by itself. */
async function askToEnd({ ec2, region }: Aws, ids: string[], pace: Pace): Promise<void> {
  if (ids.length === 0) return
  const answers = ['InvalidInstanceID.NotFound']
  const context = { doing: `ending ${ids.join(', ')}`, region, again: 'tm down' }
  const ask = (InstanceIds: string[]) =>
    retrying(() => ec2.send(new TerminateInstancesCommand({ InstanceIds })), {
      pace,
      deadline: pace.now() + 60_000,
      context,
      answers,
    })
  try {
    await ask(ids)
  } catch (error) {
    if (!answers.includes(codeOf(error))) throw error
    if (ids.length > 1) await Promise.all(ids.map((id) => unless(answers, ask([id]))))
  }
}

function stillThere(ids: string[]): TmError {
  return new TmError('failed', `These have not ended in 10 minutes: ${ids.join(', ')}`, {
    suggestions: [
      'Run it again: tm down',
      `Look at them: aws ec2 describe-instances --instance-ids ${ids.join(' ')}`,
    ],
  })
}
