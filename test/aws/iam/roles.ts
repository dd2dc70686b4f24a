// Roles: made with their trust policy, tags and boundary in one call, deleted once nothing hangs on
// them. Error texts as IAM sends them.

import { type Actions, requestTags, resourceTags } from '../action.ts'
import { AwsError } from '../errors.ts'
import { newUniqueId } from '../ids.ts'
import { parseTrust } from '../policy/document.ts'
import type { Role, World } from '../state.ts'
import {
  checkName,
  encodedPolicy,
  IAM_PAGE,
  IAM_TAGS,
  iamPage,
  iamTags,
  readIamTags,
  readPath,
  roleByName,
} from './common.ts'
import { createSpotRole, spotRoleArn, spotRoleExists } from './spot-role.ts'

export const roleActions: Actions = {
  CreateRole: {
    takes: [
      ...['RoleName', 'Path', 'AssumeRolePolicyDocument', 'Description', 'MaxSessionDuration'],
      ...['PermissionsBoundary', ...IAM_TAGS],
    ],
    run({ world, params, allow }) {
      const name = params.need('RoleName')
      const path = readPath(params)
      const tags = readIamTags(params)
      const boundary = params.text('PermissionsBoundary')
      const arn = `arn:aws:iam::${world.options.account}:role${path}${name}`
      const keys = { ...requestTags(tags), 'iam:PermissionsBoundary': boundary }
      allow('iam:CreateRole', [{ arn, keys }])
      if (tags.size > 0) allow('iam:TagRole', [{ arn, keys: requestTags(tags) }])
      checkName('roleName', name, 64)
      const trustText = params.need('AssumeRolePolicyDocument')
      const trust = parseTrust(trustText)
      const description = params.text('Description')
      if (boundary && !world.options.managedPolicies[boundary]) {
        const text = `Scope ARN: ${boundary} does not exist or is not attachable.`
        throw new AwsError('NoSuchEntity', text)
      }
      if (world.roles.has(name)) {
        throw new AwsError('EntityAlreadyExists', `Role with name ${name} already exists.`)
      }
      const role: Role = {
        name,
        id: newUniqueId('AROA'),
        path,
        arn,
        trust,
        trustText,
        maxSession: params.number('MaxSessionDuration') ?? 3_600,
        tags,
        created: new Date(world.clock.now()),
        policies: new Map(),
        attached: new Set(),
        ...(description !== undefined && { description }),
        ...(boundary !== undefined && { boundary }),
      }
      world.roles.set(name, role)
      return { Role: renderRole(role) }
    },
  },

  GetRole: {
    takes: ['RoleName'],
    run({ world, params, allow }) {
      const name = params.need('RoleName')
      allow('iam:GetRole', [roleResource(world, name)])
      return { Role: renderRole(roleByName(world, name)) }
    },
  },

  ListRoles: {
    takes: ['PathPrefix', ...IAM_PAGE],
    run({ world, params, allow }) {
      allow('iam:ListRoles')
      const prefix = params.text('PathPrefix') ?? '/'
      const roles = [...world.roles.values()].filter(({ path }) => path.startsWith(prefix))
      // Lists show a subset of the attributes: no tags, no boundary (ListRoles, IAM API).
      return iamPage(params, roles, renderBareRole, 'Roles')
    },
  },

  TagRole: {
    takes: ['RoleName', ...IAM_TAGS],
    run({ world, params, allow }) {
      const name = params.need('RoleName')
      const tags = readIamTags(params)
      const { arn, keys } = roleResource(world, name)
      allow('iam:TagRole', [{ arn, keys: { ...keys, ...requestTags(tags) } }])
      const role = roleByName(world, name)
      for (const [key, value] of tags) role.tags.set(key, value)
      return {}
    },
  },

  DeleteRole: {
    takes: ['RoleName'],
    run({ world, params, allow }) {
      const name = params.need('RoleName')
      allow('iam:DeleteRole', [roleResource(world, name)])
      const role = roleByName(world, name)
      if ([...world.profiles.values()].some((profile) => profile.role === name)) {
        throw conflict('Cannot delete entity, must remove roles from instance profile first.')
      }
      if (role.attached.size > 0) {
        throw conflict('Cannot delete entity, must detach all policies first.')
      }
      if (role.policies.size > 0) {
        throw conflict('Cannot delete entity, must delete policies first.')
      }
      world.roles.delete(name)
      return {}
    },
  },

  CreateServiceLinkedRole: {
    takes: ['AWSServiceName', 'Description'],
    run({ world, params, allow }) {
      const service = params.need('AWSServiceName')
      const keys = { 'iam:AWSServiceName': service }
      allow('iam:CreateServiceLinkedRole', [{ arn: spotRoleArn(world), keys }])
      if (service !== 'spot.amazonaws.com') {
        throw new AwsError('InvalidInput', `The stand-in has no service-linked role for ${service}`)
      }
      if (spotRoleExists(world)) {
        throw new AwsError(
          'InvalidInput',
          'Service role name AWSServiceRoleForEC2Spot has been taken in this account, please try ' +
            'a different suffix.',
        )
      }
      return { Role: renderBareRole(createSpotRole(world)) }
    },
  },
}

export function roleResource(world: World, name: string) {
  const role = world.roles.get(name)
  const arn = role?.arn ?? `arn:aws:iam::${world.options.account}:role/${name}`
  const keys = { ...resourceTags(role?.tags), 'iam:PermissionsBoundary': role?.boundary }
  return { arn, keys }
}

export function renderBareRole(role: Role) {
  return {
    Path: role.path,
    RoleName: role.name,
    RoleId: role.id,
    Arn: role.arn,
    CreateDate: role.created,
    AssumeRolePolicyDocument: encodedPolicy(role.trustText),
    Description: role.description,
    MaxSessionDuration: role.maxSession,
  }
}

function renderRole(role: Role) {
  return {
    ...renderBareRole(role),
    ...(role.boundary && {
      PermissionsBoundary: {
        PermissionsBoundaryType: 'Policy',
        PermissionsBoundaryArn: role.boundary,
      },
    }),
    Tags: iamTags(role.tags),
  }
}

function conflict(message: string): AwsError {
  return new AwsError('DeleteConflict', message)
}
