/**
 * The part of `tm up` that all providers share: plan, confirm, create, restore backups, configure the
 * nodes, report what was lost. The provider's driver does the rest.
 */
import type { Reporter } from '../../core/progress.ts'
import type { ClusterBuilder, LostNode, UpPlan, Wanted } from '../../provider/cluster.ts'
import type { Plan } from '../../provider/ec2/cluster/plan.ts'
import { type BackupFile, placeBackups, restoreNodes } from '../backup/restore-backups.ts'
import { describePlan } from '../output/plan.ts'
import { afterReplacing, beforeReplacing } from '../output/replaced-nodes.ts'
import { configureNodes, describeChange } from './configure-nodes.ts'

export interface UpOptions {
  cluster: string
  wanted: Wanted
  /** For nodes that have no data yet. */
  restore: BackupFile[]
  /** On EC2: returns the plan and creates nothing. */
  dryRun: boolean
  /**
   * Shows the plan with its price and asks the user. Throws if they decline. The answer may give a
   * cluster an end that has none.
   */
  confirm: (plan: string, asked: { hasEnd: boolean }) => Promise<{ ttlMs?: number } | undefined>
  reporter: Reporter
  /** Replaced in tests, whose nodes do not run. */
  configure?: typeof configureNodes
}

export interface UpResult {
  cluster: string
  provider: 'local' | 'ec2'
  region?: string
  nodes: { id: string; url: string; pid?: number; instance?: string }[]
  maxWorkers: number
  /** Nodes that were replaced: their data is lost. */
  lost?: LostNode[]
}

export interface DryRunResult {
  cluster: string
  provider: 'ec2'
  plan: Plan
}

export type Builder = ClusterBuilder<UpPlan & { priced?: Plan }>

export async function upCluster(
  builder: Builder,
  options: UpOptions,
): Promise<UpResult | DryRunResult> {
  const { cluster, restore, reporter, configure = configureNodes } = options
  let plan = await builder.plan(options.wanted)
  const { ids, lost, settings, priced } = plan
  const restored = [...placeBackups(restore, ids).keys()]
  if (priced) {
    if (options.dryRun) return { cluster, provider: 'ec2', plan: priced }
    const answer = await options.confirm(describePlan(priced), { hasEnd: priced.ttl !== undefined })
    plan = { ...plan, ...answer }
  } else for (const node of lost) reporter.say(`Warning: ${beforeReplacing(node)}.`)
  const { nodes, endsAt } = await builder.create(plan)
  await restoreNodes(nodes, restore, reporter)
  const maxWorkers = await reporter.step('limits and siblings', async (note) => {
    const inForce = await configure(nodes, settings, plan.fresh)
    const end = endsAt ? `, the cluster ends at ${new Date(endsAt).toISOString()}` : ''
    note(describeChange(settings, inForce.maxWorkers) + end)
    return inForce.maxWorkers
  })
  for (const text of afterReplacing(cluster, lost, restored)) reporter.say(text)
  return {
    cluster,
    ...plan.place,
    nodes: nodes.map(({ id, url, pid, instance }) => ({
      id,
      url,
      ...(pid ? { pid } : {}),
      ...(instance ? { instance } : {}),
    })),
    maxWorkers,
    ...(lost.length > 0 ? { lost } : {}),
  }
}
