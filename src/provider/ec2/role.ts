/**
 * What a node may do in AWS: a role under `/tm/` with one inline policy, and the instance profile
 * that carries it. Workers have none.
 */

import { isDeepStrictEqual } from 'node:util'
import {
  AddRoleToInstanceProfileCommand,
  CreateInstanceProfileCommand,
  CreateRoleCommand,
  CreateServiceLinkedRoleCommand,
  GetInstanceProfileCommand,
  GetRoleCommand,
  PutRolePolicyCommand,
  type Role,
  UpdateAssumeRolePolicyCommand,
} from '@aws-sdk/client-iam'
import { TmError } from '../../core/errors.ts'
import type { Aws } from './clients.ts'
import { type Retrying, retrying, unless } from './errors.ts'
import type { Identity } from './identity.ts'
import type { Pace } from './pace.ts'
import { nodePolicy, nodeTrustPolicy } from './policies.ts'
import { fromTags, iamPath, roleName, tagKeys, toTags } from './tags.ts'

export interface RoleOptions {
  cluster: string
  identity: Identity
  /** The id of the security group, which the policy is limited to. */
  group: string
  /** The ARN of a policy that no permission of the role may go beyond. */
  boundary?: string
}

const policyName = 'tm-node'

/** Makes or completes role, policy and profile; the name of the profile, which is the role's too. */
export async function ensureRole(aws: Aws, options: RoleOptions, pace: Pace): Promise<string> {
  const { identity, cluster, group } = options
  const { iam } = aws
  const name = roleName(identity.region, cluster)
  await ensureTheRole(aws, name, options, pace)
  const PolicyDocument = JSON.stringify(nodePolicy(identity, { cluster, group }))
  await retrying(
    () =>
      iam.send(
        new PutRolePolicyCommand({ RoleName: name, PolicyName: policyName, PolicyDocument }),
      ),
    asking(pace, 'writing the policy of the nodes'),
  )
  await ensureProfile(aws, name, options, pace)
  return name
}

/** Spot needs a role of AWS's own, which a node may not make. Fine if it is there. */
export async function ensureSpotRole({ iam }: Aws, pace: Pace): Promise<void> {
  const answers = ['InvalidInput', 'EntityAlreadyExists']
  const command = new CreateServiceLinkedRoleCommand({ AWSServiceName: 'spot.amazonaws.com' })
  const options = asking(pace, 'making the service-linked role of spot', answers)
  await unless(
    answers,
    retrying(() => iam.send(command), options),
  )
}

function asking(pace: Pace, doing: string, answers: string[] = []): Retrying {
  return { pace, deadline: pace.now() + 60_000, context: { doing }, answers }
}

async function ensureTheRole(
  { iam }: Aws,
  name: string,
  { identity, cluster, boundary }: RoleOptions,
  pace: Pace,
): Promise<void> {
  const trust = nodeTrustPolicy(identity)
  const get = () => iam.send(new GetRoleCommand({ RoleName: name }))
  const doing = 'looking for the role of the nodes'
  const absent = ['NoSuchEntity']
  let role = (await unless(absent, retrying(get, asking(pace, doing, absent))))?.Role
  if (!role) {
    const command = new CreateRoleCommand({
      RoleName: name,
      Path: iamPath,
      Description: `Nodes of tm cluster ${cluster} in ${identity.region}`,
      AssumeRolePolicyDocument: JSON.stringify(trust),
      Tags: iamTags(identity, cluster, 'role'),
      ...(boundary ? { PermissionsBoundary: boundary } : {}),
    })
    const exists = ['EntityAlreadyExists']
    const made = await unless(
      exists,
      retrying(() => iam.send(command), asking(pace, 'making the role of the nodes', exists)),
    )
    if (made) return
    role = (await retrying(get, asking(pace, doing))).Role
  }
  checkRole(role, { name, cluster, boundary })
  const present = JSON.parse(decodeURIComponent(role?.AssumeRolePolicyDocument ?? '{}'))
  if (isDeepStrictEqual(present, trust)) return
  await retrying(
    () =>
      iam.send(
        new UpdateAssumeRolePolicyCommand({
          RoleName: name,
          PolicyDocument: JSON.stringify(trust),
        }),
      ),
    asking(pace, 'mending the trust policy of the nodes'),
  )
}

/** A role of that name that is not ours, or that is bounded otherwise, is not ours to change. */
function checkRole(
  role: Role | undefined,
  wanted: { name: string; cluster: string; boundary: string | undefined },
): void {
  const { name, cluster, boundary } = wanted
  if (!isOurs(role, cluster)) {
    throw new TmError('conflict', `There is a role ${name} that is not tm's`, {
      suggestions: ['Take another name: tm up --cluster NAME', 'Or remove or rename that role.'],
    })
  }
  const present = role?.PermissionsBoundary?.PermissionsBoundaryArn
  if (boundary === undefined || boundary === present) return
  throw new TmError('conflict', `Role ${name} has ${present ?? 'no boundary'}, not ${boundary}`, {
    suggestions: ['Make it anew: tm down, then tm up'],
  })
}

/** By its tag, and by its path: nobody may put a thing under `/tm/` who may not keep tm's. */
export function isOurs(
  thing: { Path?: string | undefined; Tags?: Role['Tags'] } | undefined,
  cluster: string,
): boolean {
  return thing?.Path === iamPath && fromTags(thing.Tags).get(tagKeys.cluster) === cluster
}

async function ensureProfile(
  { iam }: Aws,
  name: string,
  { identity, cluster }: RoleOptions,
  pace: Pace,
): Promise<void> {
  const doing = 'making the instance profile of the nodes'
  const absent = ['NoSuchEntity']
  const InstanceProfileName = name
  const get = () => iam.send(new GetInstanceProfileCommand({ InstanceProfileName }))
  const found = await unless(absent, retrying(get, asking(pace, doing, absent)))
  if (!found) {
    const Tags = iamTags(identity, cluster, 'profile')
    const command = new CreateInstanceProfileCommand({ InstanceProfileName, Path: iamPath, Tags })
    const exists = ['EntityAlreadyExists']
    await unless(
      exists,
      retrying(() => iam.send(command), asking(pace, doing, exists)),
    )
  } else if (!isOurs(found.InstanceProfile, cluster)) {
    throw new TmError('conflict', `There is an instance profile ${name} that is not tm's`, {
      suggestions: ['Take another name: tm up --cluster NAME'],
    })
  }
  if (found?.InstanceProfile?.Roles?.some(({ RoleName }) => RoleName === name)) return
  // A profile holds one role: LimitExceeded says that it is in already (IAM User Guide, quotas).
  const full = ['LimitExceeded', 'EntityAlreadyExists']
  const command = new AddRoleToInstanceProfileCommand({ InstanceProfileName, RoleName: name })
  await unless(
    full,
    retrying(() => iam.send(command), asking(pace, doing, full)),
  )
}

/** The role in a profile that somebody else has made: nodes prove themselves by its name. */
export async function roleOfProfile({ iam }: Aws, name: string, pace: Pace): Promise<string> {
  const doing = `looking at instance profile ${name}`
  const absent = ['NoSuchEntity']
  const get = () => iam.send(new GetInstanceProfileCommand({ InstanceProfileName: name }))
  const found = await unless(absent, retrying(get, asking(pace, doing, absent)))
  const role = found?.InstanceProfile?.Roles?.[0]?.RoleName
  if (role) return role
  const message = found ? `Instance profile ${name} has no role` : `No instance profile ${name}`
  throw new TmError('invalid', message, {
    suggestions: ['Name another: --instance-profile', 'Or leave it out: tm makes one'],
  })
}

function iamTags({ region }: Identity, cluster: string, kind: string) {
  return toTags({ [tagKeys.cluster]: cluster, [tagKeys.kind]: kind, [tagKeys.region]: region })
}
