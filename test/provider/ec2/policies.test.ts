/** The policies as AWS gets them, held to a snapshot: a change of a right is seen in review. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  nodePolicy,
  nodeTrustPolicy,
  operatorPolicy,
  render,
} from '../../../src/provider/ec2/iam/policies.ts'

interface Statement {
  Sid: string
  Action: string | string[]
  Resource: string | string[]
}
const place = { account: '123456789012', partition: 'aws', region: 'eu-west-1' }
const options = {
  cluster: 'default',
  group: 'sg-1',
  images: ['ami-1', 'ami-2'],
  types: ['c7g.large', 'c7i.large'],
  tags: { CostCenter: '42' },
}
const node = nodePolicy(place, options)
const withKey = nodePolicy(place, { ...options, diskKey: 'arn:aws:kms:eu-west-1:1:key/0a' })
const inGroup = operatorPolicy(place, { group: 'sg-1' })
const statementsOf = (policy: object) => (policy as { Statement: Statement[] }).Statement
const all = (value: string | string[]) => [value].flat()

describe('policies', () => {
  it('of a node', () => expect(node).toMatchSnapshot())
  it('of who may be a node', () => expect(nodeTrustPolicy(place)).toMatchSnapshot())
  it('of the operator', () => expect(operatorPolicy(place)).toMatchSnapshot())
  it('of the operator of a group that tm has not made', () => {
    const more = statementsOf(inGroup).slice(statementsOf(operatorPolicy(place)).length)
    expect(more).toMatchSnapshot()
  })

  it('give a node no way to more rights', () => {
    const actions = statementsOf(node).flatMap(({ Action }) => all(Action))
    expect([...new Set(actions)].sort()).toEqual([
      'ec2:CreateTags',
      'ec2:DescribeInstances',
      'ec2:RunInstances',
      'ec2:TerminateInstances',
    ])
  })

  it('have no wildcard actions, and * as a resource only to look', () => {
    for (const { Sid, Action, Resource } of [withKey, inGroup].flatMap(statementsOf)) {
      expect(all(Action).join(), Sid).not.toContain('*')
      if (!all(Resource).includes('*')) continue
      for (const action of all(Action))
        expect(action, Sid).toMatch(/:(Describe|List|GetEbsDefault)/)
    }
  })

  it('fit: an inline policy of a role has at most 10,240 characters, a managed one 6,144', () => {
    expect(JSON.stringify(node).length).toBeLessThan(10_240)
    expect(JSON.stringify(inGroup).length).toBeLessThan(6144)
  })

  it('know the other partitions', () => {
    const china = { account: '1', partition: 'aws-cn', region: 'cn-north-1' }
    expect(JSON.stringify(nodeTrustPolicy(china))).toContain('ec2.amazonaws.com.cn')
    expect(JSON.stringify(operatorPolicy(china))).not.toContain('arn:aws:')
  })

  it('are never sent with a place that is not filled', () => {
    expect(() => render({ a: '{{nobody}}' }, {})).toThrow('{{nobody}}')
  })

  it('are explained line by line', () => {
    const docs = readFileSync(new URL('../../../docs/aws.md', import.meta.url), 'utf8')
    const sids = [withKey, nodeTrustPolicy(place), inGroup]
      .flatMap(statementsOf)
      .map(({ Sid }) => Sid)
    for (const sid of sids) expect(docs).toContain(`\`${sid}\``)
  })
})
