/**
 * Lists and removes the instance profile and role of clusters. IAM may not list what was created a
 * moment ago, so `tm down` checks twice.
 */

import {
  DeleteInstanceProfileCommand,
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  DetachRolePolicyCommand,
  GetInstanceProfileCommand,
  GetRoleCommand,
  ListAttachedRolePoliciesCommand,
  ListInstanceProfilesCommand,
  ListInstanceProfilesForRoleCommand,
  ListRolePoliciesCommand,
  ListRolesCommand,
  RemoveRoleFromInstanceProfileCommand,
} from '@aws-sdk/client-iam'
import { TmError } from '../../../core/errors.ts'
import { again, suggest } from '../../../core/suggestions.ts'
import type { AwsContext } from '../aws/context.ts'
import { iamPath, roleName } from '../aws/tags.ts'
import { isOurs } from './role.ts'

const answers = ['NoSuchEntity']
const removing = { doing: 'removing the role', answers }

/** True if it existed. */
export async function removeProfile(aws: AwsContext, cluster: string): Promise<boolean> {
  const InstanceProfileName = roleName(aws.region, cluster)
  const options = { doing: 'removing the instance profile', answers }
  const found = await aws.call(new GetInstanceProfileCommand({ InstanceProfileName }), options)
  if (!found) return false
  if (!isOurs(found.InstanceProfile, cluster)) throw notOurs('instance profile', aws, cluster)
  for (const { RoleName } of found.InstanceProfile?.Roles ?? []) {
    const command = new RemoveRoleFromInstanceProfileCommand({ InstanceProfileName, RoleName })
    await aws.call(command, options)
  }
  const command = new DeleteInstanceProfileCommand({ InstanceProfileName })
  return (await aws.call(command, options)) !== undefined
}

export interface RemovedRole {
  /** Managed policies that somebody had attached, by name. */
  detached: string[]
}

/** Undefined if it did not exist. */
export async function removeRole(
  aws: AwsContext,
  cluster: string,
): Promise<RemovedRole | undefined> {
  const RoleName = roleName(aws.region, cluster)
  const found = await aws.call(new GetRoleCommand({ RoleName }), removing)
  if (!found) return undefined
  if (!isOurs(found.Role, cluster)) throw notOurs('role', aws, cluster)
  const inline = await aws.call(new ListRolePoliciesCommand({ RoleName }), removing)
  for (const PolicyName of inline?.PolicyNames ?? []) {
    await aws.call(new DeleteRolePolicyCommand({ RoleName, PolicyName }), removing)
  }
  const { code } = await aws.attempt(new DeleteRoleCommand({ RoleName }), {
    ...removing,
    answers: [...answers, 'DeleteConflict'],
  })
  if (code !== 'DeleteConflict') return code ? undefined : { detached: [] }
  // What others have attached to it, such as tools that manage machines.
  const detached = await detachPolicies(aws, RoleName)
  await checkProfiles(aws, RoleName)
  return (await aws.call(new DeleteRoleCommand({ RoleName }), removing)) && { detached }
}

async function detachPolicies(aws: AwsContext, RoleName: string): Promise<string[]> {
  const policies = await aws.list(
    (Marker) => new ListAttachedRolePoliciesCommand({ RoleName, Marker }),
    ({ AttachedPolicies }) => AttachedPolicies,
    removing,
  )
  for (const { PolicyArn } of policies) {
    await aws.call(new DetachRolePolicyCommand({ RoleName, PolicyArn }), removing)
  }
  return policies.map(({ PolicyName = '' }) => PolicyName)
}

/** A profile that somebody else has put the role into is not ours to change. */
async function checkProfiles(aws: AwsContext, RoleName: string): Promise<void> {
  const profiles = await aws.list(
    (Marker) => new ListInstanceProfilesForRoleCommand({ RoleName, Marker }),
    ({ InstanceProfiles }) => InstanceProfiles,
    removing,
  )
  const others = profiles
    .map(({ InstanceProfileName = '' }) => InstanceProfileName)
    .filter((name) => name !== RoleName)
  if (others.length === 0) return
  const message = `Role ${RoleName} stays: it is in instance profile ${others.join(' and ')}, which is not tm's`
  throw new TmError('failed', message, {
    suggestions: [
      ...others.map(
        (name) =>
          `Take it out: aws iam remove-role-from-instance-profile --instance-profile-name ${name} --role-name ${RoleName}`,
      ),
      suggest`Then: ${again}`,
    ],
  })
}

export interface RoleNames {
  roles: string[]
  profiles: string[]
}

/** Of all regions: IAM has none. */
export async function listRoleNames(aws: AwsContext): Promise<RoleNames> {
  return { roles: await listRoles(aws), profiles: await listProfiles(aws) }
}

export async function listRoles(aws: AwsContext): Promise<string[]> {
  const roles = await aws.list(
    (Marker) => new ListRolesCommand({ PathPrefix: iamPath, Marker }),
    ({ Roles }) => Roles,
    { doing: 'listing roles', answers },
  )
  return roles.map(({ RoleName = '' }) => RoleName)
}

export async function listProfiles(aws: AwsContext): Promise<string[]> {
  const profiles = await aws.list(
    (Marker) => new ListInstanceProfilesCommand({ PathPrefix: iamPath, Marker }),
    ({ InstanceProfiles }) => InstanceProfiles,
    { doing: 'listing instance profiles', answers },
  )
  return profiles.map(({ InstanceProfileName = '' }) => InstanceProfileName)
}

/** The clusters whose role or profile is for this region. */
export function clustersIn(region: string, { roles, profiles }: RoleNames): RoleNames {
  const start = roleName(region, '')
  const clusters = (names: string[]) =>
    names.flatMap((name) => (name.startsWith(start) ? [name.slice(start.length)] : []))
  return { roles: clusters(roles), profiles: clusters(profiles) }
}

function notOurs(what: string, { region }: AwsContext, cluster: string): TmError {
  return new TmError(
    'conflict',
    `The ${what} ${roleName(region, cluster)} is not tm's, so it stays`,
    {
      suggestions: ['Rename or remove it yourself', suggest`Then: ${again}`],
    },
  )
}
