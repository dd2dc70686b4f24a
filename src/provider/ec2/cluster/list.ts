/** All clusters of one region, for `tm list`: their parts, their age and what they cost. */
import type { ListedCluster } from '../../cluster.ts'
import type { AwsContext } from '../aws/context.ts'
import { fromTags, tagKeys } from '../aws/tags.ts'
import { clustersIn, listRoleNames, type RoleNames } from '../iam/role-removal.ts'
import { hourlyCost } from '../machines/cost.ts'
import { listInstances } from '../machines/instances.ts'
import { listVolumes } from '../machines/volumes.ts'
import { listGroups } from '../network/group.ts'

export async function listClusters(
  aws: AwsContext,
  roleNames: Promise<RoleNames> = listRoleNames(aws),
): Promise<ListedCluster[]> {
  const [machines, volumes, groups, names] = await Promise.all([
    listInstances(aws, {}),
    listVolumes(aws, {}),
    listGroups(aws, {}),
    roleNames,
  ])
  const iam = clustersIn(aws.region, names)
  const withGroup = groups.map(({ Tags }) => fromTags(Tags).get(tagKeys.cluster) ?? '')
  const here = machines.filter(({ state }) => state !== 'terminated')
  const withMachine = [...here, ...volumes].map(({ cluster }) => cluster)
  const all = [...withMachine, ...withGroup, ...iam.roles, ...iam.profiles]
  return [...new Set(all)].sort().map((cluster) => {
    const own = here.filter((machine) => machine.cluster === cluster)
    const count = (kind: string) => own.filter((machine) => machine.kind === kind).length
    const disks = volumes.filter((volume) => volume.cluster === cluster)
    const hourly = hourlyCost(own, disks)
    const since = own.length > 0 ? Math.min(...own.map(({ launchedAt }) => launchedAt)) : undefined
    return {
      cluster,
      provider: 'ec2',
      region: aws.region,
      nodes: count('node'),
      workers: count('worker'),
      ...(since === undefined ? {} : { since }),
      ...(hourly === undefined ? {} : { hourly }),
      // A machine has a security group, of tm or not, which can't go before it does.
      whole: count('node') > 0,
    }
  })
}
