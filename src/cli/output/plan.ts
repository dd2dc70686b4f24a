/** Describes what `tm up` will create on EC2 and what it costs. */
import { formatDuration } from '../../core/duration.ts'
import { dollars, pluralize } from '../../core/text.ts'
import type { Plan } from '../../provider/ec2/cluster/plan.ts'
import { columns } from './columns.ts'
import { beforeReplacing } from './replaced-nodes.ts'

export function describePlan(plan: Plan): string {
  const { cluster, region, account, nodes, maxWorkers, cidrs, port } = plan
  const { group, ownGroup, role, profile, vpc, lines } = plan
  const there = nodes.filter(({ instance }) => instance)
  const rows = lines.map(({ what, count, each }) => [
    `  ${count} ×`,
    what,
    each === undefined ? 'price not known' : `${dollars(count * each)} $/h`,
  ])
  return [
    `Cluster ${cluster} in ${region}, account ${account}, with all workers that its limits allow:`,
    columns(rows),
    ownGroup
      ? `  security group ${group} in ${vpc}: port ${port} for ${cidrs.join(', ')} and itself`
      : `  the security group ${group} in ${vpc}, which tm does not change`,
    `  ${role ? 'role and instance profile' : 'the instance profile'} ${profile} for the nodes`,
    ...there.map(
      ({ id, instance, stopped }) =>
        `  ${id} already exists (${instance})${stopped ? ', stopped: only its disk is charged' : ''}`,
    ),
    ...plan.lost.map((node) => `  ${beforeReplacing(node)}`),
    ...(plan.ttl === undefined
      ? []
      : [`  all machines end by themselves after ${formatDuration(plan.ttl)}`]),
    describeHourly(plan, nodes.length * maxWorkers),
    ...plan.notes.map((note) => `${note}.`),
  ].join('\n')
}

function describeHourly({ hourly: { now, atMost } }: Plan, workers: number): string {
  const show = (value: number | undefined) =>
    value === undefined ? 'an unknown price' : `${dollars(value)} $/h`
  return `${show(now)} without work, at most ${show(atMost)} with ${pluralize(workers, 'worker')}`
}
