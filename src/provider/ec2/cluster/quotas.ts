/** The step of `tm up` on EC2 that looks up the vCPU quotas and what is in use. */
import { messageOf } from '../../../core/errors.ts'
import { withDefaults } from '../../../core/settings.ts'
import type { Choices } from '../../../state/cluster-record.ts'
import { quotaFor } from '../aws/quotas.ts'
import { readQuota } from '../aws/service-quotas.ts'
import { type Ec2Machine, isLeaving, listVcpus } from '../machines/instances.ts'
import type { ClusterContext } from './infrastructure.ts'
import { checkQuotas, type NodeAndWorkerQuota, type VcpuQuota } from './quota-check.ts'
import type { Survey } from './survey.ts'

export interface QuotaOptions {
  survey: Survey
  /** All nodes that the cluster will have. */
  ids: string[]
  /** All machines of the cluster. */
  machines: Ec2Machine[]
  choices: Choices
}

/** What there is to say about them. Throws if the cluster has no room. */
export async function lookUpQuotas(
  context: ClusterContext,
  { survey, ids, machines, choices }: QuotaOptions,
): Promise<string[]> {
  const { aws, reporter } = context
  const [node] = survey.nodeTypes
  const [worker] = survey.workerTypes
  if (!node || !worker) return []
  const there = (kind: string) =>
    machines.filter((one) => one.kind === kind && !isLeaving(one)).length
  const needs = {
    region: aws.region,
    node,
    nodes: ids.length,
    nodesThere: there('node'),
    worker,
    workers: ids.length * withDefaults(choices.settings).maxWorkers,
    workersThere: there('worker'),
  }
  return await reporter.step('vCPU quota', async (note) => {
    const codes = [quotaFor(node.type, false), quotaFor(worker.type, choices.spot)] as const
    let quotas: NodeAndWorkerQuota
    try {
      quotas = await readQuotas(context, codes)
    } catch (error) {
      // AWS checks it anyway, only later.
      aws.signal?.throwIfAborted()
      note('unknown')
      return [`The vCPU quotas were not compared: ${messageOf(error)}`]
    }
    const shown = new Map([quotas.node, quotas.worker].map((one) => [one.code, one]))
    note([...shown.values()].map(({ limit, used }) => `${limit}, ${used} in use`).join('; spot: '))
    return checkQuotas(needs, quotas)
  })
}

async function readQuotas(
  { aws }: ClusterContext,
  [node, worker]: readonly [ReturnType<typeof quotaFor>, ReturnType<typeof quotaFor>],
): Promise<NodeAndWorkerQuota> {
  const codes = [...new Set([node.code, worker.code])]
  const [running, ...limits] = await Promise.all([
    listVcpus(aws),
    ...codes.map((code) => readQuota(aws, code)),
  ])
  const read = ({ code, name }: { code: string; name: string }): VcpuQuota => ({
    code,
    name,
    limit: limits[codes.indexOf(code)] ?? 0,
    used: running
      .filter(({ type, spot }) => quotaFor(type, spot).code === code)
      .reduce((total, { vcpus }) => total + vcpus, 0),
  })
  return { node: read(node), worker: read(worker) }
}
