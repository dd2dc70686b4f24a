// Authorize and revoke, both ways. A rule that is there already, or is not there, is an error, and
// then nothing of the call takes effect.

import type { Action, Actions } from '../action.ts'
import { AwsError } from '../errors.ts'
import { newId } from '../ids.ts'
import type { Group, Rule } from '../state.ts'
import { groupById, visibleGroups } from './find.ts'
import { groupResource } from './groups.ts'
import { FILTER, type Fields, filtered, PAGE, paged } from './list.ts'
import { describeRule, PERMISSIONS, readPermissions, renderRule, sameRule } from './permissions.ts'

const fields: Fields<{ group: Group; rule: Rule }> = {
  'group-id': ({ group }) => group.id,
  'security-group-rule-id': ({ rule }) => rule.id,
}

function authorize(direction: 'Ingress' | 'Egress'): Action {
  const egress = direction === 'Egress'
  return {
    takes: ['GroupId', 'DryRun', ...PERMISSIONS],
    run({ world, params, allow, dryRun }) {
      const id = params.need('GroupId')
      allow(`ec2:AuthorizeSecurityGroup${direction}`, [groupResource(world, id)])
      const group = groupById(world, id)
      const rules = readPermissions(params)
      for (const [index, rule] of rules.entries()) {
        const { source } = rule
        if ('groupId' in source) groupById(world, source.groupId)
        const there = group.rules.filter((one) => one.egress === egress)
        if (![...there, ...rules.slice(0, index)].some((one) => sameRule(one, rule))) continue
        throw new AwsError(
          'InvalidPermission.Duplicate',
          `the specified rule "${describeRule(rule)}" already exists`,
        )
      }
      // 60 of each direction by default ("Amazon VPC quotas").
      if (group.rules.filter((one) => one.egress === egress).length + rules.length > 60) {
        throw new AwsError(
          'RulesPerSecurityGroupLimitExceeded',
          'The maximum number of rules per security group has been reached.',
        )
      }
      dryRun()
      const added = rules.map((rule): Rule => ({ ...rule, id: newId('sgr'), egress }))
      group.rules.push(...added)
      const { account } = world.options
      const securityGroupRuleSet = added.map((rule) => renderRule(account, group, rule))
      return { return: true, securityGroupRuleSet }
    },
  }
}

function revoke(direction: 'Ingress' | 'Egress'): Action {
  const egress = direction === 'Egress'
  return {
    takes: ['GroupId', 'SecurityGroupRuleId', 'DryRun', ...PERMISSIONS],
    run({ world, params, allow, dryRun }) {
      const id = params.need('GroupId')
      allow(`ec2:RevokeSecurityGroup${direction}`, [groupResource(world, id)])
      const group = groupById(world, id)
      const there = group.rules.filter((one) => one.egress === egress)
      const byId = params.list('SecurityGroupRuleId').map((ruleId) => {
        const found = there.find((one) => one.id === ruleId)
        if (found) return found
        throw new AwsError(
          'InvalidSecurityGroupRuleId.NotFound',
          `The security group rule ID '${ruleId}' does not exist`,
        )
      })
      const byContent = readPermissions(params).map((rule) => {
        const found = there.find((one) => sameRule(one, rule))
        if (found) return found
        throw new AwsError(
          'InvalidPermission.NotFound',
          'The specified rule does not exist in this security group.',
        )
      })
      dryRun()
      group.rules = group.rules.filter((one) => ![...byId, ...byContent].includes(one))
      return { return: true }
    },
  }
}

export const ruleActions: Actions = {
  AuthorizeSecurityGroupIngress: authorize('Ingress'),
  AuthorizeSecurityGroupEgress: authorize('Egress'),
  RevokeSecurityGroupIngress: revoke('Ingress'),
  RevokeSecurityGroupEgress: revoke('Egress'),

  DescribeSecurityGroupRules: {
    takes: ['DryRun', ...FILTER, ...PAGE],
    run({ world, params, allow, dryRun }) {
      allow('ec2:DescribeSecurityGroupRules')
      dryRun()
      const all = visibleGroups(world).flatMap((group) =>
        group.rules.map((rule) => ({ group, rule })),
      )
      const left = filtered(params, all, fields)
      const page = paged(world, 'DescribeSecurityGroupRules', params, left, 5)
      const { account } = world.options
      return {
        securityGroupRuleSet: page.items.map(({ group, rule }) => renderRule(account, group, rule)),
        nextToken: page.nextToken,
      }
    },
  },
}
