/**
 * Compares what a cluster needs with the vCPU quotas of the account, before anything is created: a
 * node without room for a worker would only cost. Pure.
 */
import { TmError } from '../../../core/errors.ts'
import { suggest, tm } from '../../../core/suggestions.ts'
import { pluralize } from '../../../core/text.ts'
import { increaseCommand } from '../aws/quotas.ts'
import type { TypeFacts } from '../machines/types.ts'

/** A quota in vCPUs. */
export interface VcpuQuota {
  code: string
  name: string
  limit: number
  /** By all machines of the account in this region. */
  used: number
}

export interface QuotaNeeds {
  region: string
  node: Pick<TypeFacts, 'type' | 'vcpus'>
  /** All nodes that the cluster shall have, and those of them that exist. */
  nodes: number
  nodesThere: number
  worker: Pick<TypeFacts, 'type' | 'vcpus'>
  /** At the limit of all nodes, and those that exist. */
  workers: number
  workersThere: number
}

export interface NodeAndWorkerQuota {
  node: VcpuQuota
  /** The same one, unless workers are spot or of another family. */
  worker: VcpuQuota
}

/** Throws if what is missing has no room. Otherwise returns what there is to say about it. */
export function checkQuotas(needs: QuotaNeeds, quotas: NodeAndWorkerQuota): string[] {
  const { node, worker, workers, workersThere } = needs
  const missing = needs.nodes - needs.nodesThere
  const free = (quota: VcpuQuota) => quota.limit - quota.used
  const shared = quotas.node.code === quotas.worker.code
  const forNodes = missing * node.vcpus
  if (missing > 0 && forNodes > free(quotas.node)) throw noRoom(needs, quotas, shared)
  const left = free(quotas.worker) - (shared ? forNodes : 0)
  const room = workersThere + Math.max(0, Math.floor(left / worker.vcpus))
  if (missing > 0 && workers > 0 && room === 0) throw noRoom(needs, quotas, shared)
  if (room >= workers) return []
  const { name, code } = quotas.worker
  return [
    `The quota "${name}" (${code}) leaves room for ${room} of ${pluralize(workers, 'worker')}`,
  ]
}

function noRoom(needs: QuotaNeeds, quotas: NodeAndWorkerQuota, shared: boolean): TmError {
  const { region, node, worker, nodes, nodesThere } = needs
  const missing = nodes - nodesThere
  const fitsNodes = missing * node.vcpus <= quotas.node.limit - quotas.node.used
  const quota = fitsNodes ? quotas.worker : quotas.node
  const wanted = [
    `${pluralize(missing, 'node')} (${node.type}: ${node.vcpus} vCPUs each)`,
    `a worker (${worker.type}: ${worker.vcpus})`,
  ]
  const message = `The quota "${quota.name}" (${quota.code}) of ${quota.limit} vCPUs in ${region} is too small: ${quota.used} are in use, and there is no room for ${shared ? wanted.join(' and ') : wanted[fitsNodes ? 1 : 0]}. Nothing was created`
  const fewer = shared ? fewerNodes(needs, quotas.node) : 0
  return new TmError('failed', message, {
    suggestions: [
      ...(fewer > 0 ? [suggest`Use fewer nodes: ${tm('up', { nodes: String(fewer) })}`] : []),
      'Or smaller types: --instance-type, --worker-type',
      `Or request an increase: ${increaseCommand(quota.code, region)}`,
    ],
  })
}

/** As many as leave room for a worker. */
function fewerNodes({ node, worker, nodes, nodesThere }: QuotaNeeds, quota: VcpuQuota): number {
  const left = quota.limit - quota.used - worker.vcpus
  const fit = nodesThere + Math.floor(left / node.vcpus)
  return fit < nodes ? Math.max(0, fit) : 0
}
