// The access keys that the stand-in knows, and who stands behind each: the operator (an IAM user),
// or an instance's role (temporary, with a session token, as IMDS hands them out).

import { randomBytes } from 'node:crypto'
import { trusts } from './policy/document.ts'
import type { PolicyDocument } from './policy/evaluate.ts'
import type { World } from './state.ts'

export interface Key {
  accessKeyId: string
  secretAccessKey: string
  sessionToken?: string
  expiresAt?: number
  /** Undefined when nobody stands behind the key any more: the role was deleted or made anew. */
  principal(): Principal | undefined
}

export interface Principal {
  arn: string
  userId: string
  kind: 'operator' | 'instance'
  instanceId?: string
  /** What its policies say now; undefined: everything is allowed. */
  policies?: readonly PolicyDocument[]
  boundary?: PolicyDocument
}

export interface InstanceCredentials {
  accessKeyId: string
  secretAccessKey: string
  sessionToken: string
  expiration: Date
  roleName: string
}

export function operatorKey(world: World): Key {
  const { account, operator } = world.options
  return {
    accessKeyId: operator.accessKeyId,
    secretAccessKey: operator.secretAccessKey,
    principal: () => ({
      arn: `arn:aws:iam::${account}:user/${operator.userName}`,
      userId: 'AIDASTANDINOPERATOR00',
      kind: 'operator',
      ...(world.operatorPolicy && { policies: [world.operatorPolicy] }),
    }),
  }
}

/** What IMDS would answer at iam/security-credentials: nothing without a profile that has a role,
 *  or when that role does not trust EC2. */
export function issue(
  world: World,
  instanceId: string,
  lifeMs: number,
): InstanceCredentials | undefined {
  const instance = world.instances.get(instanceId)
  const profile = instance?.profile && world.profiles.get(instance.profile.name)
  const role = profile?.role === undefined ? undefined : world.roles.get(profile.role)
  if (!instance || instance.state === 'terminated' || !role) return undefined
  if (!trusts(role.trust, 'ec2.amazonaws.com')) return undefined
  const credentials: InstanceCredentials = {
    accessKeyId: `ASIA${randomBytes(8).toString('hex').toUpperCase()}`,
    secretAccessKey: randomBytes(30).toString('base64'),
    sessionToken: randomBytes(96).toString('base64'),
    expiration: new Date(world.clock.now() + lifeMs),
    roleName: role.name,
  }
  world.keys.set(credentials.accessKeyId, {
    ...credentials,
    expiresAt: credentials.expiration.getTime(),
    principal: () => instancePrincipal(world, role.name, role.id, instanceId),
  })
  return credentials
}

function instancePrincipal(
  world: World,
  roleName: string,
  roleId: string,
  instanceId: string,
): Principal | undefined {
  const role = world.roles.get(roleName)
  // A role made anew under the old name has another id, and the old credentials stay dead
  // ("Unique identifiers", IAM User Guide).
  if (role?.id !== roleId) return undefined
  const now = world.clock.now()
  const boundary = role.boundary && world.options.managedPolicies[role.boundary]
  return {
    // The session name of an instance is its id, and the path is left out.
    arn: `arn:aws:sts::${world.options.account}:assumed-role/${roleName}/${instanceId}`,
    userId: `${roleId}:${instanceId}`,
    kind: 'instance',
    instanceId,
    policies: [...role.policies.values()]
      .filter(({ effectiveAt }) => effectiveAt <= now)
      .map(({ document }) => document),
    ...(boundary && { boundary }),
  }
}
