/**
 * What this machine remembers of a cluster on EC2, written before anything is created, and the checks
 * against confusing it with a cluster of this machine, another region, account or laptop.
 */

import { TmError } from '../../../core/errors.ts'
import { suggest, tm } from '../../../core/suggestions.ts'
import type {
  Choices,
  ClusterRecord,
  Ec2Record,
  NodeRecord,
} from '../../../state/cluster-record.ts'
import type { ClusterState } from '../../../state/cluster-state.ts'
import type { Identity } from '../aws/identity.ts'
import type { Ec2Machine, LaunchedNode } from '../machines/instances.ts'
import type { Intent } from '../machines/intents.ts'
import { nodePort } from './choices.ts'

/** The record of the cluster, if there is one. Throws if the cluster is on this machine. */
export function ec2Record(state: ClusterState): Ec2Record | undefined {
  const record = state.read()
  if (record?.provider !== 'local') return record
  throw new TmError('conflict', `Cluster ${state.name} is on this machine, not on EC2`, {
    suggestions: [
      suggest`Complete or change it: ${tm('up', { local: true })}`,
      suggest`Or use another name for a cluster on EC2: ${tm('up', { cluster: 'NAME', local: false })}`,
    ],
  })
}

/** A cluster in one region is invisible from another, and would go on costing money there. */
export function regionFor(record: Ec2Record | undefined, given: string | undefined) {
  if (!record || given === undefined || given === record.region) return record?.region ?? given
  throw new TmError('conflict', `Cluster ${record.cluster} is in ${record.region}, not ${given}`, {
    suggestions: [
      suggest`Complete or change it: ${tm('up', { region: record.region })}`,
      suggest`Or use another name: ${tm('up', { cluster: 'NAME', region: given })}`,
    ],
  })
}

export function checkAccount(record: Ec2Record | undefined, { account, arn }: Identity): void {
  if (!record || record.account === account) return
  const message = `Cluster ${record.cluster} is in account ${record.account}, and you are ${arn}`
  throw new TmError('conflict', message, {
    suggestions: [
      `Use the credentials of account ${record.account}: --profile`,
      suggest`Or use another name: ${tm('up', { cluster: 'NAME' })}`,
    ],
  })
}

/**
 * Nodes that this machine has not launched: they are neither recorded, nor what an interrupted `up`
 * was about to make. Also finds them after another machine has recreated the cluster.
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

/** Nobody can talk to existing nodes without the cluster's secret. */
export function refuseForeign(state: ClusterState, region: string, machines: Ec2Machine[]): void {
  if (machines.length === 0) return
  const which = machines.map(({ id, instance }) => `${id} (${instance})`).join(', ')
  const message = `Cluster ${state.name} was created on another machine, which has its secret: ${which} in ${region}`
  throw new TmError('conflict', message, {
    suggestions: [
      'Use the machine that created it',
      suggest`Or remove it, which needs no secret: ${tm('down', { region })}`,
      suggest`Or use another name: ${tm('up', { cluster: 'NAME' })}`,
    ],
  })
}

export function writeRecord(
  state: ClusterState,
  {
    identity: { region, account },
    profile,
    ids,
    choices,
    isPublic,
    now,
    endsAt,
  }: {
    identity: Identity
    profile?: string | undefined
    ids: string[]
    choices: Choices
    isPublic: boolean
    /** Wall-clock milliseconds. */
    now: number
    endsAt: number | undefined
  },
): void {
  const before = state.read()
  const known = (id: string) => before?.nodes.find((node) => node.id === id)
  state.write({
    cluster: state.name,
    provider: 'ec2',
    region,
    account,
    ...(profile ? { profile } : {}),
    port: choices.port ?? nodePort,
    ...(isPublic ? {} : { privateAddresses: true }),
    nodes: ids.map((id) => known(id) ?? { id, url: '' }),
    createdAt: before?.createdAt ?? now,
    choices,
    ...(endsAt ? { endsAt } : {}),
  })
}

/**
 * When a cluster with `--ttl` ends, counted from the `up` that gives it. Without `--ttl` the end stays,
 * unless it has passed; then it restarts.
 */
export function endOf(
  record: ClusterRecord | undefined,
  { givenMs, ttlMs, now }: { givenMs: number | undefined; ttlMs: number | undefined; now: number },
): number | undefined {
  if (givenMs !== undefined) return now + givenMs
  const before = record?.provider === 'ec2' ? record.endsAt : undefined
  if (before !== undefined && before > now) return before
  return ttlMs === undefined ? undefined : now + ttlMs
}

/**
 * Called as soon as an instance is launched; `url` is empty until it has an address. A certificate
 * belongs to one instance: a new instance drops it.
 */
export function recordLaunched(
  state: ClusterState,
  { id, instance, url }: { id: string; instance: string; url: string },
): void {
  const nodes = state.read()?.nodes ?? []
  recordNodes(
    state,
    nodes.map((node) => {
      if (node.id !== id) return node
      return node.instance === instance ? { ...node, url: url || node.url } : { id, url, instance }
    }),
  )
}

export function urlOf({ address }: LaunchedNode, port: number): string {
  return `https://${address}:${port}`
}

/** Called as soon as the certificate is proved, before the node gets anything. */
export function recordCertificate(state: ClusterState, id: string, certificate: string): void {
  const nodes = state.read()?.nodes ?? []
  recordNodes(
    state,
    nodes.map((node) => (node.id === id ? { ...node, certificate } : node)),
  )
}

export function recordNodes(state: ClusterState, nodes: NodeRecord[]): void {
  const record = state.read()
  if (record) state.write({ ...record, nodes })
}
