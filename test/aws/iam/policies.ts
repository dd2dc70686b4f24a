// A role's inline policies: what instance credentials may do is read from them at every call.

import type { Actions } from '../action.ts'
import { AwsError } from '../errors.ts'
import { parseDocument } from '../policy/document.ts'
import type { Role, World } from '../state.ts'
import { checkName, encodedPolicy, IAM_PAGE, iamPage, roleByName } from './common.ts'
import { roleResource } from './roles.ts'

/** All inline policies of a role together, without white space ("IAM and AWS STS quotas"). */
const mostCharacters = 10_240

export const policyActions: Actions = {
  PutRolePolicy: {
    takes: ['RoleName', 'PolicyName', 'PolicyDocument'],
    run({ world, params, allow }) {
      const name = params.need('RoleName')
      const policyName = params.need('PolicyName')
      allow('iam:PutRolePolicy', [roleResource(world, name)])
      const role = roleByName(world, name)
      checkName('policyName', policyName, 128)
      const text = params.need('PolicyDocument')
      const document = parseDocument(text)
      const others = [...role.policies].filter(([one]) => one !== policyName)
      const all = [...others.map(([, one]) => one.text), text].join('')
      if (all.replace(/\s/g, '').length > mostCharacters) {
        throw new AwsError(
          'LimitExceeded',
          `Maximum policy size of ${mostCharacters} bytes exceeded for role ${name}`,
        )
      }
      const effectiveAt = world.clock.now() + world.options.delays.policyLagMs
      role.policies.set(policyName, { text, document, effectiveAt })
      return {}
    },
  },

  GetRolePolicy: {
    takes: ['RoleName', 'PolicyName'],
    run({ world, params, allow }) {
      const name = params.need('RoleName')
      const policyName = params.need('PolicyName')
      allow('iam:GetRolePolicy', [roleResource(world, name)])
      const { text } = policyByName(roleByName(world, name), policyName)
      return { RoleName: name, PolicyName: policyName, PolicyDocument: encodedPolicy(text) }
    },
  },

  ListRolePolicies: {
    takes: ['RoleName', ...IAM_PAGE],
    run({ world, params, allow }) {
      const name = params.need('RoleName')
      allow('iam:ListRolePolicies', [roleResource(world, name)])
      const names = [...roleByName(world, name).policies.keys()]
      return iamPage(params, names, (one) => one, 'PolicyNames')
    },
  },

  DeleteRolePolicy: {
    takes: ['RoleName', 'PolicyName'],
    run({ world, params, allow }) {
      const name = params.need('RoleName')
      const policyName = params.need('PolicyName')
      allow('iam:DeleteRolePolicy', [roleResource(world, name)])
      const role = roleByName(world, name)
      policyByName(role, policyName)
      role.policies.delete(policyName)
      return {}
    },
  },

  AttachRolePolicy: {
    takes: ['RoleName', 'PolicyArn'],
    run({ world, params, allow }) {
      const name = params.need('RoleName')
      const arn = params.need('PolicyArn')
      allow('iam:AttachRolePolicy', [attachment(world, name, arn)])
      roleByName(world, name).attached.add(arn)
      return {}
    },
  },

  DetachRolePolicy: {
    takes: ['RoleName', 'PolicyArn'],
    run({ world, params, allow }) {
      const name = params.need('RoleName')
      const arn = params.need('PolicyArn')
      allow('iam:DetachRolePolicy', [attachment(world, name, arn)])
      if (!roleByName(world, name).attached.delete(arn)) {
        throw new AwsError('NoSuchEntity', `Policy ${arn} was not found.`)
      }
      return {}
    },
  },

  ListAttachedRolePolicies: {
    takes: ['RoleName', 'PathPrefix', ...IAM_PAGE],
    run({ world, params, allow }) {
      const name = params.need('RoleName')
      allow('iam:ListAttachedRolePolicies', [roleResource(world, name)])
      const arns = [...roleByName(world, name).attached]
      const render = (arn: string) => ({ PolicyArn: arn, PolicyName: arn.split('/').at(-1) ?? '' })
      return iamPage(params, arns, render, 'AttachedPolicies')
    },
  },
}

function attachment(world: World, role: string, policy: string) {
  const { arn, keys } = roleResource(world, role)
  return { arn, keys: { ...keys, 'iam:PolicyARN': policy } }
}

function policyByName(role: Role, name: string) {
  const policy = role.policies.get(name)
  if (policy) return policy
  throw new AwsError('NoSuchEntity', `The role policy with name ${name} cannot be found.`)
}
