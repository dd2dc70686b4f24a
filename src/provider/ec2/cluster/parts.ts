/** Everything that exists of a cluster in AWS, as far as it can be looked up. */
import type { Part } from '../../cluster.ts'
import { roleName } from '../aws/tags.ts'
import { listProfiles, listRoles } from '../iam/role-removal.ts'
import { listInstances } from '../machines/instances.ts'
import { listVolumes } from '../machines/volumes.ts'
import { listGroups } from '../network/group.ts'
import type { ClusterContext } from './infrastructure.ts'
import type { RemovalSteps } from './removal-steps.ts'

export interface Parts {
  /** In the order of their removal. */
  parts: Part[]
  /** Whether everything could be looked up. */
  complete: boolean
}

export async function partsOf(
  { aws, cluster }: Pick<ClusterContext, 'aws' | 'cluster'>,
  steps: Pick<RemovalSteps, 'attempt'>,
): Promise<Parts> {
  const id = roleName(aws.region, cluster)
  const found = await Promise.all([
    steps.attempt('machine', async () =>
      (await listInstances(aws, { cluster }))
        .filter(({ state }) => state !== 'terminated')
        .map(({ id, kind }): Part => ({ id, kind })),
    ),
    steps.attempt('disk', async () =>
      (await listVolumes(aws, { cluster }))
        .filter(({ free }) => free)
        .map(({ id }): Part => ({ id, kind: 'volume' })),
    ),
    steps.attempt('group', async () =>
      (await listGroups(aws, { cluster })).map(
        ({ GroupId = '' }): Part => ({ id: GroupId, kind: 'group' }),
      ),
    ),
    steps.attempt('profile', async () =>
      (await listProfiles(aws)).includes(id) ? [{ id, kind: 'profile' }] : [],
    ),
    steps.attempt('role', async () =>
      (await listRoles(aws)).includes(id) ? [{ id, kind: 'role' }] : [],
    ),
  ])
  return {
    parts: found.flatMap((some) => some ?? []),
    complete: !found.includes(undefined),
  }
}
