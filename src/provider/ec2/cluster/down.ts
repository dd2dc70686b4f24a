/**
 * The part of `tm down` that is in AWS. It finds everything by tag, so it works from any machine; what
 * this machine remembers only tells which nodes can be asked.
 */

import { TmError } from '../../../core/errors.ts'
import { renderCommand, suggest, tm } from '../../../core/suggestions.ts'
import { type NodeLink, nodesOf } from '../../../state/cluster-nodes.ts'
import type { Ec2Record } from '../../../state/cluster-record.ts'
import type { ClusterState } from '../../../state/cluster-state.ts'
import type { FoundCluster, RemovalResult } from '../../cluster.ts'
import type { ClusterContext } from './infrastructure.ts'
import { partsOf } from './parts.ts'
import { createRemovalSteps } from './removal-steps.ts'
import { removeCluster } from './remove.ts'

export interface DownContext extends ClusterContext {
  state: ClusterState
  /** The record of this machine; undefined if it is damaged, or names another region. */
  record: Ec2Record | undefined
  /** Whether this machine created the cluster. */
  own: boolean
}

export async function findEc2(context: DownContext): Promise<FoundCluster | undefined> {
  const { state, record, cluster, reporter } = context
  const { region } = context.aws
  // What can't be looked up now is reported by the removal, which ends the machines first.
  const { parts, complete } = await partsOf(context, createRemovalSteps(context.aws.signal))
  if (parts.length === 0 && complete && !record) {
    if (context.own) throw elsewhere(state, region)
    reporter.say(
      `Nothing is left of cluster ${cluster}, on this machine or in ${region}. ${notLookedAt}`,
    )
    return undefined
  }
  const existing = parts.filter(({ kind }) => kind === 'node').map(({ id }) => id)
  const known = record ? reachable(state) : []
  const nodes = known.filter(({ id, url }) => url !== '' && existing.includes(id))
  return {
    nodes,
    unknown: existing.filter((id) => !nodes.some((node) => node.id === id)),
    ...(record ? {} : { why: 'which only the machine that created the cluster can ask' }),
    running: nodes.length > 0,
    keepsData: false,
    suggestions: [suggest`Remove it anyway: ${tm('down', { yes: true })}`],
  }
}

export async function removeEc2(context: DownContext): Promise<RemovalResult> {
  const { state, record, own, cluster, reporter } = context
  const result = await removeCluster(context)
  if (!result.problems) {
    if (record || (own && result.removed.length > 0)) state.remove()
    const elsewhere = record ? '' : ` ${notLookedAt}`
    reporter.say(`Nothing is left of cluster ${cluster} in ${context.aws.region}.${elsewhere}`)
  } else {
    const again = renderCommand(tm('down', { yes: true }), { cluster, region: context.aws.region })
    reporter.say(`Something is left of cluster ${cluster}, or may be. Run it again: ${again}`)
  }
  return result
}

/** A cluster of the same name may be elsewhere, which this machine does not know. */
const notLookedAt = `No other region was looked at: ${renderCommand(tm('list', { 'all-regions': true }))}`

/** A cluster can be removed without its secret, and with one that can't be read. */
function reachable(state: ClusterState): NodeLink[] {
  try {
    return nodesOf(state)
  } catch (error) {
    if (error instanceof TmError) return []
    throw error
  }
}

/** The region that the damaged record named is unknown. */
function elsewhere(state: ClusterState, region: string): TmError {
  const message = `Cluster ${state.name} is not in ${region}, and its record can't be read`
  return new TmError('damaged', message, {
    suggestions: [
      suggest`If it is in another region: ${tm('down', { region: 'REGION' })}`,
      `If it is in none: rm -r ${state.folder}`,
    ],
  })
}
