/**
 * What this machine remembers of a cluster on EC2, written before anything is made, and what must
 * not be mixed up with it: a cluster of this machine, of another region, account or laptop.
 */
import { TmError } from '../../core/errors.ts'
import type { Identity } from '../../provider/ec2/identity.ts'
import type { Ec2Machine } from '../../provider/ec2/instances.ts'
import type { Intent } from '../../provider/ec2/intents.ts'
import { type ClusterRecord, type Ec2Record, type NodeRecord, type Saved, tm } from '../saved.ts'
import { type Choices, nodePort } from './choices.ts'
import type { LaunchedNode } from './nodes.ts'

/** The record of a cluster on EC2 of this name, if there is one; refuses one of this machine. */
export function ec2Record(saved: Saved): Ec2Record | undefined {
  const record = saved.read()
  if (record?.provider !== 'local') return record
  throw new TmError('conflict', `Cluster ${saved.name} is on this machine, not on EC2`, {
    suggestions: [
      `Complete or change it: ${tm('up --local', saved.name)}`,
      'Or take another name for one on EC2: tm up --cluster NAME',
    ],
  })
}

/** What is made in one region is not seen in another one, and would go on to cost there. */
export function regionFor(record: Ec2Record | undefined, given: string | undefined) {
  if (!record || given === undefined || given === record.region) return record?.region ?? given
  throw new TmError('conflict', `Cluster ${record.cluster} is in ${record.region}, not ${given}`, {
    suggestions: [
      `Complete or change it: ${tm('up', record.cluster)}`,
      `Or take another name: tm up --cluster NAME --region ${given}`,
    ],
  })
}

export function checkAccount(record: Ec2Record | undefined, { account, arn }: Identity): void {
  if (!record || record.account === account) return
  const message = `Cluster ${record.cluster} is in account ${record.account}, and you are ${arn}`
  throw new TmError('conflict', message, {
    suggestions: [
      `Take the credentials of account ${record.account}: AWS_PROFILE`,
      'Or another name: tm up --cluster NAME',
    ],
  })
}

/**
 * Nodes that this machine has not launched: neither recorded, nor what an interrupted `up` of ours
 * was about to make. Also after another machine has made a cluster of this name anew.
 */
export function foreign(
  machines: Ec2Machine[],
  record: Ec2Record | undefined,
  intents: Intent[],
): Ec2Machine[] {
  return machines.filter(({ id, instance, attempt }) => {
    if (record?.nodes.some((node) => node.instance === instance)) return false
    const meant = intents.find(({ slot }) => slot === id)
    return !meant || meant.attempt !== attempt || (meant.made ?? instance) !== instance
  })
}

/** Without the cluster's secret nobody can talk to nodes that are there already. */
export function refuseForeign(saved: Saved, region: string, machines: Ec2Machine[]): void {
  if (machines.length === 0) return
  const which = machines.map(({ id, instance }) => `${id} (${instance})`).join(', ')
  const message = `Cluster ${saved.name} was made on another machine, which has its secret: ${which} in ${region}`
  throw new TmError('conflict', message, {
    suggestions: [
      'Use the machine that made it',
      `Or remove it, which needs no secret: ${tm('down', saved.name)} --region ${region}`,
      `Or take another name: tm up --cluster NAME`,
    ],
  })
}

export function writeRecord(
  saved: Saved,
  {
    identity: { region, account },
    ids,
    choices,
    now,
    endsAt,
  }: {
    identity: Identity
    ids: string[]
    choices: Choices
    /** Wall-clock milliseconds. */
    now: number
    endsAt: number | undefined
  },
): void {
  const before = saved.read()
  const known = (id: string) => before?.nodes.find((node) => node.id === id)
  saved.write({
    cluster: saved.name,
    provider: 'ec2',
    region,
    account,
    port: nodePort,
    nodes: ids.map((id) => known(id) ?? { id, url: '' }),
    createdAt: before?.createdAt ?? now,
    choices,
    ...(endsAt ? { endsAt } : {}),
  })
}

/**
 * When a cluster with `--ttl` ends: so long after the `up` that says it. One that says nothing
 * changes nothing, but for a cluster whose time is over: then it begins anew.
 */
export function endOf(
  record: ClusterRecord | undefined,
  { given, ttl, now }: { given: number | undefined; ttl: number | undefined; now: number },
): number | undefined {
  if (given !== undefined) return now + given
  const before = record?.provider === 'ec2' ? record.endsAt : undefined
  if (before !== undefined && before > now) return before
  return ttl === undefined ? undefined : now + ttl
}

/** A certificate belongs to one instance: with another one it goes. */
export function recordLaunched(saved: Saved, launched: LaunchedNode[]): void {
  recordNodes(
    saved,
    launched.map(({ id, instance, publicAddress }) => {
      const before = saved.read()?.nodes.find((node) => node.id === id)
      const url = `https://${publicAddress}:${nodePort}`
      return before?.instance === instance ? { ...before, url } : { id, url, instance }
    }),
  )
}

/** As soon as it is proved, and before it is trusted with anything. */
export function recordCertificate(saved: Saved, id: string, certificate: string): void {
  const nodes = saved.read()?.nodes ?? []
  recordNodes(
    saved,
    nodes.map((node) => (node.id === id ? { ...node, certificate } : node)),
  )
}

export function recordNodes(saved: Saved, nodes: NodeRecord[]): void {
  const record = saved.read()
  if (record) saved.write({ ...record, nodes })
}
