/** `tm list` on EC2: the clusters of the regions that matter to this machine, or of all. */
import { renderCommand, tm } from '../../../core/suggestions.ts'
import type { Ec2Record } from '../../../state/cluster-record.ts'
import type { ListedCluster, Listing } from '../../cluster.ts'
import { listClusters } from './list.ts'
import { type LookOptions, lookInRegions, recordsOf } from './look-in-regions.ts'

export async function listRegions(options: LookOptions): Promise<Listing> {
  const records = recordsOf(options)
  const answers = await lookInRegions(options, listClusters)
  const found = new Map(
    answers.flatMap(({ found, asked }) =>
      found.map((one) => [`${asked?.account} ${one.region} ${one.cluster}`, one] as const),
    ),
  )
  const clusters = [...found.values()]
  const asked = answers.flatMap((answer) => answer.asked?.region ?? [])
  const notes = answers.flatMap((answer) => answer.notes)
  return { clusters, notes: [...notes, ...missing(records, clusters, asked)] }
}

/** Clusters that this machine has created and that were found in no region. */
function missing(
  records: Ec2Record[],
  clusters: ListedCluster[],
  asked: string[],
): Listing['notes'] {
  const shown = (record: Ec2Record) =>
    clusters.some((one) => one.cluster === record.cluster && one.region === record.region)
  return records
    .filter((record) => !shown(record))
    .map(({ cluster, region }) =>
      asked.includes(region)
        ? {
            text: `Cluster ${cluster} is gone from ${region}. Forget it: ${renderCommand(tm('down'), { cluster })}`,
            failed: false,
          }
        : {
            text: `Cluster ${cluster} in ${region} was created here; whether it still runs is unknown`,
            failed: true,
          },
    )
}
