/** All clusters of a region, for `tm list`: what there is of each, since when, and what it costs. */
import type { Aws } from '../../provider/ec2/clients.ts'
import { listGroups } from '../../provider/ec2/group.ts'
import { type Ec2Machine, listInstances } from '../../provider/ec2/instances.ts'
import type { Pace } from '../../provider/ec2/pace.ts'
import { priceOf, publicAddressPrice, spotShare } from '../../provider/ec2/prices.ts'
import { listRoles } from '../../provider/ec2/role-removal.ts'
import { fromTags, tagKeys } from '../../provider/ec2/tags.ts'

export interface ListedCluster {
  cluster: string
  region: string
  nodes: number
  workers: number
  /** Wall-clock milliseconds of its oldest machine; undefined where it has none. */
  since?: number
  /** US dollars an hour, estimated; undefined where a type is not in the table. */
  hourly?: number
  /** Whether it is more than remains of a `tm up` or `tm down` that was broken off. */
  whole: boolean
}

export async function listClusters(aws: Aws, pace: Pace): Promise<ListedCluster[]> {
  const [machines, groups, iam] = await Promise.all([
    listInstances(aws, {}, pace),
    listGroups(aws, {}, pace),
    listRoles(aws, pace),
  ])
  const withGroup = groups.map(({ Tags }) => fromTags(Tags).get(tagKeys.cluster) ?? '')
  const here = machines.filter(({ state }) => state !== 'terminated')
  const names = [...here.map(({ cluster }) => cluster), ...withGroup, ...iam.roles, ...iam.profiles]
  return [...new Set(names)].sort().map((cluster) => {
    const own = here.filter((machine) => machine.cluster === cluster)
    const count = (kind: string) => own.filter((machine) => machine.kind === kind).length
    const hourly = costOf(own)
    const since = own.length > 0 ? Math.min(...own.map(({ launchedAt }) => launchedAt)) : undefined
    return {
      cluster,
      region: aws.region,
      nodes: count('node'),
      workers: count('worker'),
      ...(since === undefined ? {} : { since }),
      ...(hourly === undefined ? {} : { hourly }),
      whole: count('node') > 0 && withGroup.includes(cluster),
    }
  })
}

function costOf(machines: Ec2Machine[]): number | undefined {
  let total = 0
  for (const { type, publicAddress, spot } of machines) {
    const price = priceOf(type)
    if (price === undefined) return undefined
    total += price * (spot ? spotShare : 1) + (publicAddress ? publicAddressPrice : 0)
  }
  return Math.round(total * 10_000) / 10_000
}
