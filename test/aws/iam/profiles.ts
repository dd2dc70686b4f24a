// Instance profiles, each with at most one role. IAM shows them at once; EC2 gets to know them
// later (`ec2/launch-checks.ts`).

import { type Actions, requestTags, resourceTags } from '../action.ts'
import { AwsError } from '../errors.ts'
import { newUniqueId } from '../ids.ts'
import type { Profile, World } from '../state.ts'
import {
  checkName,
  IAM_PAGE,
  IAM_TAGS,
  iamPage,
  iamTags,
  profileByName,
  readIamTags,
  readPath,
  roleByName,
} from './common.ts'
import { renderBareRole, roleResource } from './roles.ts'

export const profileActions: Actions = {
  CreateInstanceProfile: {
    takes: ['InstanceProfileName', 'Path', ...IAM_TAGS],
    run({ world, params, allow }) {
      const name = params.need('InstanceProfileName')
      const path = readPath(params)
      const tags = readIamTags(params)
      const arn = `arn:aws:iam::${world.options.account}:instance-profile${path}${name}`
      allow('iam:CreateInstanceProfile', [{ arn, keys: requestTags(tags) }])
      if (tags.size > 0) allow('iam:TagInstanceProfile', [{ arn, keys: requestTags(tags) }])
      checkName('instanceProfileName', name, 128)
      if (world.profiles.has(name)) {
        throw new AwsError('EntityAlreadyExists', `Instance Profile ${name} already exists.`)
      }
      const now = world.clock.now()
      const profile: Profile = {
        name,
        id: newUniqueId('AIPA'),
        path,
        arn,
        tags,
        created: new Date(now),
        usableAt: now + world.options.delays.profileLagMs,
        roleUsableAt: Number.POSITIVE_INFINITY,
      }
      world.profiles.set(name, profile)
      return { InstanceProfile: renderProfile(world, profile) }
    },
  },

  GetInstanceProfile: {
    takes: ['InstanceProfileName'],
    run({ world, params, allow }) {
      const name = params.need('InstanceProfileName')
      allow('iam:GetInstanceProfile', [profileResource(world, name)])
      return { InstanceProfile: renderProfile(world, profileByName(world, name)) }
    },
  },

  AddRoleToInstanceProfile: {
    takes: ['InstanceProfileName', 'RoleName'],
    run({ world, params, allow }) {
      const name = params.need('InstanceProfileName')
      const roleName = params.need('RoleName')
      allow('iam:AddRoleToInstanceProfile', [profileResource(world, name)])
      // The caller needs PassRole on the role too (AddRoleToInstanceProfile, IAM API).
      const { arn, keys } = roleResource(world, roleName)
      const passed = { ...keys, 'iam:PassedToService': 'ec2.amazonaws.com' }
      allow('iam:PassRole', [{ arn, keys: passed }])
      const profile = profileByName(world, name)
      roleByName(world, roleName)
      if (profile.role !== undefined) {
        throw new AwsError(
          'LimitExceeded',
          'Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1',
        )
      }
      profile.role = roleName
      profile.roleUsableAt = world.clock.now() + world.options.delays.profileLagMs
      return {}
    },
  },

  RemoveRoleFromInstanceProfile: {
    takes: ['InstanceProfileName', 'RoleName'],
    run({ world, params, allow }) {
      const name = params.need('InstanceProfileName')
      const roleName = params.need('RoleName')
      allow('iam:RemoveRoleFromInstanceProfile', [profileResource(world, name)])
      const profile = profileByName(world, name)
      if (profile.role !== roleName) {
        throw new AwsError('NoSuchEntity', `Role ${roleName} is not in Instance Profile ${name}.`)
      }
      delete profile.role
      return {}
    },
  },

  DeleteInstanceProfile: {
    takes: ['InstanceProfileName'],
    run({ world, params, allow }) {
      const name = params.need('InstanceProfileName')
      allow('iam:DeleteInstanceProfile', [profileResource(world, name)])
      if (profileByName(world, name).role !== undefined) {
        throw new AwsError(
          'DeleteConflict',
          'Cannot delete entity, must remove roles from instance profile first.',
        )
      }
      world.profiles.delete(name)
      return {}
    },
  },

  ListInstanceProfiles: {
    takes: ['PathPrefix', ...IAM_PAGE],
    run({ world, params, allow }) {
      allow('iam:ListInstanceProfiles')
      const prefix = params.text('PathPrefix') ?? '/'
      const all = [...world.profiles.values()].filter(({ path }) => path.startsWith(prefix))
      return iamPage(params, all, (one) => renderBareProfile(world, one), 'InstanceProfiles')
    },
  },

  ListInstanceProfilesForRole: {
    takes: ['RoleName', ...IAM_PAGE],
    run({ world, params, allow }) {
      const name = params.need('RoleName')
      allow('iam:ListInstanceProfilesForRole', [roleResource(world, name)])
      roleByName(world, name)
      const all = [...world.profiles.values()].filter(({ role }) => role === name)
      return iamPage(params, all, (one) => renderBareProfile(world, one), 'InstanceProfiles')
    },
  },
}

function profileResource(world: World, name: string) {
  const profile = world.profiles.get(name)
  const arn = profile?.arn ?? `arn:aws:iam::${world.options.account}:instance-profile/${name}`
  return { arn, keys: resourceTags(profile?.tags) }
}

function renderBareProfile(world: World, profile: Profile) {
  const role = profile.role === undefined ? undefined : world.roles.get(profile.role)
  return {
    Path: profile.path,
    InstanceProfileName: profile.name,
    InstanceProfileId: profile.id,
    Arn: profile.arn,
    CreateDate: profile.created,
    Roles: role ? [renderBareRole(role)] : [],
  }
}

function renderProfile(world: World, profile: Profile) {
  return { ...renderBareProfile(world, profile), Tags: iamTags(profile.tags) }
}
