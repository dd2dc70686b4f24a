/** What `tm list --orphans` has found: a table for people, tabs for programs, and what removes it. */
import chalk from 'chalk'
import { describeDuration } from '../../core/duration.ts'
import { renderCommand, tm } from '../../core/suggestions.ts'
import { dollars } from '../../core/text.ts'
import type { Orphan } from '../../provider/cluster.ts'
import { columns, tabs } from './columns.ts'

export function describeOrphans(
  orphans: Orphan[],
  { now, terminal }: { now: number; terminal: boolean },
): string {
  const rows = orphans.map((one) => [
    one.kind,
    one.id,
    one.cluster,
    one.region,
    one.since === undefined ? '' : describeDuration(now - one.since),
    one.monthly === undefined ? '' : dollars(one.monthly),
    one.why,
  ])
  if (!terminal) return tabs(rows)
  const header = ['WHAT', 'ID', 'CLUSTER', 'REGION', 'AGE', '$/MONTH', '']
  const table = columns([header.map((title) => chalk.bold(title)), ...rows])
  return `${table}\n\n${[...new Set(orphans.map(remedyOf))].join('\n')}`
}

/** The command that ends it, from anywhere. `tm down` only where no node would go with it. */
function remedyOf({ kind, id, cluster, region, why, removable }: Orphan): string {
  if (removable) {
    const down = renderCommand(tm('down'), { cluster, region })
    return `${cluster} in ${region} has no node: ${down} removes what is left of it`
  }
  if (kind === 'disk') {
    return `Remove disk ${id}: aws ec2 delete-volume --region ${region} --volume-id ${id}`
  }
  const which = `--region ${region} --instance-ids ${id}`
  const end = `aws ec2 terminate-instances ${which}`
  if (!why.startsWith('stopped')) return `End machine ${id}: ${end}`
  return `Start machine ${id}: aws ec2 start-instances ${which}; or end it, with all that is on its disk: ${end}`
}
