/**
 * Removes profile and role of a cluster, and lists those there are. What was made a moment ago may
 * not be shown yet: `tm down` looks twice.
 */
import {
  DeleteInstanceProfileCommand,
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  GetInstanceProfileCommand,
  GetRoleCommand,
  ListInstanceProfilesCommand,
  ListRolePoliciesCommand,
  ListRolesCommand,
  RemoveRoleFromInstanceProfileCommand,
} from '@aws-sdk/client-iam'
import { TmError } from '../../core/errors.ts'
import type { Aws } from './clients.ts'
import { retrying, unless } from './errors.ts'
import { pages } from './network.ts'
import type { Pace } from './pace.ts'
import { isOurs } from './role.ts'
import { iamPath, roleName } from './tags.ts'

const absent = ['NoSuchEntity']

/** A call whose answer may be that there is nothing: then undefined. */
function asker(pace: Pace, doing: string) {
  return <T>(call: () => Promise<T>): Promise<T | undefined> =>
    unless(
      absent,
      retrying(call, {
        pace,
        deadline: pace.now() + 60_000,
        context: { doing, again: 'tm down' },
        answers: absent,
      }),
    )
}

/** True when there was one. */
export async function removeProfile(aws: Aws, cluster: string, pace: Pace): Promise<boolean> {
  const { iam, region } = aws
  const InstanceProfileName = roleName(region, cluster)
  const ask = asker(pace, 'removing the instance profile')
  const found = await ask(() => iam.send(new GetInstanceProfileCommand({ InstanceProfileName })))
  if (!found) return false
  if (!isOurs(found.InstanceProfile, cluster)) throw foreign('instance profile', aws, cluster)
  for (const { RoleName } of found.InstanceProfile?.Roles ?? []) {
    const command = new RemoveRoleFromInstanceProfileCommand({ InstanceProfileName, RoleName })
    await ask(() => iam.send(command))
  }
  const command = new DeleteInstanceProfileCommand({ InstanceProfileName })
  return (await ask(() => iam.send(command))) !== undefined
}

/** True when there was one. */
export async function removeRole(aws: Aws, cluster: string, pace: Pace): Promise<boolean> {
  const { iam, region } = aws
  const RoleName = roleName(region, cluster)
  const ask = asker(pace, 'removing the role')
  const found = await ask(() => iam.send(new GetRoleCommand({ RoleName })))
  if (!found) return false
  if (!isOurs(found.Role, cluster)) throw foreign('role', aws, cluster)
  const inline = await ask(() => iam.send(new ListRolePoliciesCommand({ RoleName })))
  for (const PolicyName of inline?.PolicyNames ?? []) {
    await ask(() => iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName })))
  }
  return (await ask(() => iam.send(new DeleteRoleCommand({ RoleName })))) !== undefined
}

/** The clusters of this region that have a role or a profile. By their names under `/tm/`. */
export async function listRoles(
  { iam, region }: Aws,
  pace: Pace,
): Promise<{
  roles: string[]
  profiles: string[]
}> {
  const ask = asker(pace, 'looking for roles')
  const PathPrefix = iamPath
  const roles = await pages(async (Marker) => {
    const answer = await ask(() => iam.send(new ListRolesCommand({ PathPrefix, Marker })))
    return { items: answer?.Roles ?? [], next: answer?.Marker }
  })
  const profiles = await pages(async (Marker) => {
    const answer = await ask(() =>
      iam.send(new ListInstanceProfilesCommand({ PathPrefix, Marker })),
    )
    return { items: answer?.InstanceProfiles ?? [], next: answer?.Marker }
  })
  const start = roleName(region, '')
  const clusters = (names: (string | undefined)[]) =>
    names.flatMap((name) => (name?.startsWith(start) ? [name.slice(start.length)] : []))
  return {
    roles: clusters(roles.map(({ RoleName }) => RoleName)),
    profiles: clusters(profiles.map(({ InstanceProfileName }) => InstanceProfileName)),
  }
}

function foreign(what: string, { region }: Aws, cluster: string): TmError {
  return new TmError('conflict', `The ${what} ${roleName(region, cluster)} is not tm's: it stays`, {
    suggestions: ['Rename it, or remove it by hand; then: tm down'],
  })
}
