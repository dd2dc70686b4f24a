/**
 * What gives nodes their rights in AWS: a role under `/tm/` with one inline policy, and an instance
 * profile with that role. Workers have no rights.
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
import { TmError } from '../../../core/errors.ts'
import { suggest, tm } from '../../../core/suggestions.ts'
import type { AwsContext } from '../aws/context.ts'
import type { Identity } from '../aws/identity.ts'
import { fromTags, iamPath, roleName, tagKeys, toTags } from '../aws/tags.ts'
import { type NodePolicyOptions, nodePolicy, nodeTrustPolicy } from './policies.ts'

export interface RoleOptions extends NodePolicyOptions {
  identity: Identity
  /** The ARN of the role's permissions boundary. */
  boundary?: string
}

const otherName = suggest`Use another cluster name: ${tm('up', { cluster: 'NAME' })}`
const policyName = 'tm-node'
const absent = ['NoSuchEntity']
const exists = ['EntityAlreadyExists']

/** Creates or completes role, policy and profile. The answer is the name of role and profile. */
export async function ensureRole(aws: AwsContext, options: RoleOptions): Promise<string> {
  const { identity, cluster } = options
  const name = roleName(identity.region, cluster)
  await ensureRoleOnly(aws, name, options)
  const PolicyDocument = JSON.stringify(nodePolicy(identity, options))
  const policy = { RoleName: name, PolicyName: policyName, PolicyDocument }
  await aws.call(new PutRolePolicyCommand(policy), { doing: 'writing the policy of the nodes' })
  await ensureProfile(aws, name, options)
  return name
}

/** Spot instances need a role of AWS itself, which a node may not create. */
export async function ensureSpotRole(aws: AwsContext): Promise<void> {
  const command = new CreateServiceLinkedRoleCommand({ AWSServiceName: 'spot.amazonaws.com' })
  await aws.call(command, {
    doing: 'creating the service-linked role of spot',
    answers: ['InvalidInput', 'EntityAlreadyExists'],
  })
}

async function ensureRoleOnly(aws: AwsContext, name: string, options: RoleOptions): Promise<void> {
  const { identity, cluster, boundary } = options
  const trust = nodeTrustPolicy(identity)
  const get = new GetRoleCommand({ RoleName: name })
  const doing = 'looking up the role of the nodes'
  let role = (await aws.call(get, { doing, answers: absent }))?.Role
  if (!role) {
    const command = new CreateRoleCommand({
      RoleName: name,
      Path: iamPath,
      Description: `Nodes of tm cluster ${cluster} in ${identity.region}`,
      AssumeRolePolicyDocument: JSON.stringify(trust),
      Tags: iamTags(options, 'role'),
      ...(boundary ? { PermissionsBoundary: boundary } : {}),
    })
    if (await aws.call(command, { doing: 'creating the role of the nodes', answers: exists }))
      return
    role = (await aws.call(get, { doing })).Role
  }
  checkRole(role, { name, cluster, boundary })
  const present = JSON.parse(decodeURIComponent(role?.AssumeRolePolicyDocument ?? '{}'))
  if (isDeepStrictEqual(present, trust)) return
  const policy = { RoleName: name, PolicyDocument: JSON.stringify(trust) }
  await aws.call(new UpdateAssumeRolePolicyCommand(policy), {
    doing: 'updating the trust policy of the nodes',
  })
}

/** Refuses to change a role that is not tm's, or that has another boundary. */
function checkRole(
  role: Role | undefined,
  wanted: { name: string; cluster: string; boundary: string | undefined },
): void {
  const { name, cluster, boundary } = wanted
  if (!isOurs(role, cluster)) {
    throw new TmError('conflict', `Role ${name} exists, but is not tm's`, {
      suggestions: [otherName, 'Or rename or remove that role'],
    })
  }
  const present = role?.PermissionsBoundary?.PermissionsBoundaryArn
  if (boundary === undefined || boundary === present) return
  throw new TmError(
    'conflict',
    `Role ${name} has the boundary ${present ?? 'none'}, not ${boundary}`,
    {
      suggestions: [suggest`Recreate the cluster: ${tm('down')}, then ${tm('up')}`],
    },
  )
}

/** By tag and path: who may create something under `/tm/` may also manage what tm has there. */
export function isOurs(
  resource: { Path?: string | undefined; Tags?: Role['Tags'] } | undefined,
  cluster: string,
): boolean {
  return resource?.Path === iamPath && fromTags(resource.Tags).get(tagKeys.cluster) === cluster
}

async function ensureProfile(aws: AwsContext, name: string, options: RoleOptions): Promise<void> {
  const { cluster } = options
  const doing = 'creating the instance profile of the nodes'
  const InstanceProfileName = name
  const get = new GetInstanceProfileCommand({ InstanceProfileName })
  const found = await aws.call(get, { doing, answers: absent })
  if (!found) {
    const Tags = iamTags(options, 'profile')
    const command = new CreateInstanceProfileCommand({ InstanceProfileName, Path: iamPath, Tags })
    await aws.call(command, { doing, answers: exists })
  } else if (!isOurs(found.InstanceProfile, cluster)) {
    throw new TmError('conflict', `Instance profile ${name} exists, but is not tm's`, {
      suggestions: [otherName],
    })
  }
  if (found?.InstanceProfile?.Roles?.some(({ RoleName }) => RoleName === name)) return
  // A profile holds one role: LimitExceeded means that the role is in it (IAM User Guide, quotas).
  const answers = ['LimitExceeded', ...exists]
  const command = new AddRoleToInstanceProfileCommand({ InstanceProfileName, RoleName: name })
  await aws.call(command, { doing, answers })
}

/** The role in the profile of `--instance-profile`: nodes prove their identity by its name. */
export async function roleOfProfile(aws: AwsContext, name: string): Promise<string> {
  const found = await aws.call(new GetInstanceProfileCommand({ InstanceProfileName: name }), {
    doing: `looking up instance profile ${name}`,
    answers: absent,
  })
  const role = found?.InstanceProfile?.Roles?.[0]?.RoleName
  if (role) return role
  const message = found ? `Instance profile ${name} has no role` : `No instance profile ${name}`
  throw new TmError('invalid', message, {
    suggestions: ['Name another one: --instance-profile', 'Or leave it out: tm creates one'],
  })
}

function iamTags({ identity: { region }, cluster, tags }: RoleOptions, kind: string) {
  const own = { [tagKeys.cluster]: cluster, [tagKeys.kind]: kind, [tagKeys.region]: region }
  return toTags({ ...tags, ...own })
}
