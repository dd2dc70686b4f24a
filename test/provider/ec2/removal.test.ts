/** `tm down` on EC2 when steps of it fail, and when others have attached something of theirs. */
import { afterEach, describe, expect, it } from 'vitest'
import { partsOf } from '../../../src/provider/ec2/cluster/parts.ts'
import { createRemovalSteps } from '../../../src/provider/ec2/cluster/removal-steps.ts'
import { removeCluster } from '../../../src/provider/ec2/cluster/remove.ts'
import { operatorPolicy } from '../../../src/provider/ec2/iam/policies.ts'
import type { Group } from '../../aws/state.ts'
import { type Account, census, openAccount, up } from './account.ts'

let account: Account
afterEach(() => account.close())

const role = 'tm-us-east-1-test'
const alive = () =>
  account.standin
    .instances()
    .filter(({ state }) => state !== 'terminated')
    .map(({ id }) => id)

/** The operator of operator.json, who may not do this. */
function deny(...actions: string[]): void {
  const { standin } = account
  const place = { account: standin.account, partition: 'aws', region: standin.region }
  const policy = operatorPolicy(place) as { Statement: object[] }
  const Statement = [...policy.Statement, { Effect: 'Deny', Action: actions, Resource: '*' }]
  standin.setOperatorPolicy({ ...policy, Statement })
}

function ownGroup(): Group {
  const group = [...account.standin.world.groups.values()].find(({ name }) => name === 'tm-test')
  if (!group) throw new Error('there is no group')
  return group
}

describe('whatever step fails', () => {
  const denied = ['role', 'profile', 'group']
  it.each<[string, string[]]>([
    ['iam:ListRoles', []],
    ['iam:ListInstanceProfiles', []],
    ['iam:GetRole', ['role']],
    ['iam:GetInstanceProfile', ['role', 'profile']],
    ['iam:DeleteRole', ['role']],
    ['iam:DeleteInstanceProfile', ['profile']],
    ['iam:DeleteRolePolicy', ['role']],
    ['ec2:DescribeSecurityGroups', ['group']],
    ['ec2:DeleteSecurityGroup', ['group']],
  ])('without %s the machines end, and all else that can', async (action, kept) => {
    account = await openAccount()
    const { site, standin } = account
    await up(site)
    deny(action)
    const { problems, remaining } = await removeCluster(site)
    expect(alive()).toEqual([])
    expect(problems?.map(({ message }) => message).join('\n')).toContain(`may not ${action}`)
    const { groups, roles, profiles } = census(standin)
    const left = { group: groups, role: roles, profile: profiles }
    for (const kind of denied) {
      expect([kind, left[kind as keyof typeof left]]).toEqual([kind, kept.includes(kind) ? 1 : 0])
    }
    const visible = action === 'ec2:DescribeSecurityGroups' ? [] : kept
    expect(remaining.map(({ kind }) => kind).sort()).toEqual([...visible].sort())
    standin.setOperatorPolicy(undefined)
    expect((await removeCluster(site)).problems).toBeUndefined()
    expect(standin.leftovers()).toEqual([])
  })

  it('the next down does what has failed', async () => {
    account = await openAccount()
    const { site, standin } = account
    await up(site)
    standin.fail({ action: 'DescribeSecurityGroups', code: 'UnauthorizedOperation' })
    const result = await removeCluster(site)
    expect(result.remaining.map(({ kind }) => kind)).toEqual(['group'])
    expect((await removeCluster(site)).problems).toBeUndefined()
    expect(standin.leftovers()).toEqual([])
  })

  it('an IAM that can not be reached keeps no machine running', async () => {
    account = await openAccount()
    const { site, standin } = account
    await up(site, { nodes: ['node-1'] })
    for (const what of ['Role', 'InstanceProfile']) {
      for (const action of [`Get${what}`, `List${what}s`]) {
        standin.fail({ action, code: 'cut', cut: true, times: 1000 })
      }
    }
    const { problems } = await removeCluster(site)
    expect(alive()).toEqual([])
    expect(problems?.map(({ code }) => code)).toEqual(['unreachable', 'unreachable'])
  })

  it('credentials that have expired end it at once', async () => {
    account = await openAccount()
    const { site, standin } = account
    await up(site, { nodes: ['node-1'] })
    standin.fail({ action: 'ListRoles', code: 'ExpiredToken', message: 'expired' })
    await expect(removeCluster(site)).rejects.toThrow(/the AWS credentials have expired/)
  })

  it('what can not be looked up does not count as gone', async () => {
    account = await openAccount()
    const { site } = account
    deny('iam:ListRoles')
    const steps = createRemovalSteps(undefined)
    expect(await partsOf(site, steps)).toEqual({ parts: [], complete: false })
    expect(steps.errors()[0]?.message).toMatch(/^Listing roles failed: .* may not iam:ListRoles/)
  })
})

describe('what others have attached', () => {
  it('a managed policy goes with the role, and is named', async () => {
    account = await openAccount()
    const { site, standin, steps } = account
    await up(site)
    standin.world.roles
      .get(role)
      ?.attached.add('arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore')
    const { problems } = await removeCluster(site)
    expect(problems).toBeUndefined()
    expect(steps).toContain(
      `Detached AmazonSSMManagedInstanceCore, which was attached to role ${role} later`,
    )
    expect(standin.leftovers()).toEqual([])
  })

  it('an instance profile of theirs keeps the role, and is named', async () => {
    account = await openAccount()
    const { site, standin } = account
    await up(site)
    const own = standin.world.profiles.get(role)
    if (own) standin.world.profiles.set('theirs', { ...own, name: 'theirs', path: '/' })
    const { problems } = await removeCluster(site)
    expect(problems?.map(({ message }) => message)).toEqual([
      `Role ${role} stays: it is in instance profile theirs, which is not tm's`,
    ])
    expect(problems?.[0]?.suggestions[0]).toBe(
      `Take it out: aws iam remove-role-from-instance-profile --instance-profile-name theirs --role-name ${role}`,
    )
    expect(alive()).toEqual([])
  })

  it('a rule of another group keeps the group, and is named with its command', async () => {
    account = await openAccount()
    const { site, standin } = account
    await up(site)
    const other = [...standin.world.groups.values()].find(({ name }) => name === 'default')
    const rule = { id: 'sgr-0123456789abcdef0', egress: false, protocol: 'tcp', from: 22, to: 22 }
    other?.rules.push({ ...rule, source: { groupId: ownGroup().id } })
    const { problems } = await removeCluster(site)
    expect(problems?.map(({ message }) => message)).toEqual([
      `Security group ${ownGroup().id} stays: it is used by rule ${rule.id} of ${other?.id}`,
    ])
    expect(problems?.[0]?.suggestions[0]).toBe(
      `Revoke it: aws ec2 revoke-security-group-ingress --region us-east-1 --group-id ${other?.id} --security-group-rule-ids ${rule.id}`,
    )
    expect(census(standin)).toMatchObject({ machines: [], roles: 0, profiles: 0, groups: 1 })
  })

  it.each<[string, string | undefined]>([
    ['of a machine that is not ours', 'theirs'],
    ['that is attached to nothing', undefined],
  ])('a network interface %s keeps the group, and is named', async (_, owner) => {
    account = await openAccount()
    const { site, standin } = account
    const { nodes } = await up(site)
    const { world } = standin
    const [first, second] = nodes
    const own = [...world.interfaces.values()].find((one) => one.instanceId === first?.instance)
    if (!own || !second) throw new Error('there is no interface')
    if (owner) {
      // Somebody has taken the tags off the second machine, so that it is not ours any more.
      world.instances.get(second.instance)?.tags.clear()
    } else world.interfaces.set('eni-0free', { ...own, id: 'eni-0free', instanceId: undefined })
    const { problems } = await removeCluster(site)
    const text = JSON.stringify(problems)
    if (owner) {
      expect(text).toContain(` of ${second.instance}`)
      expect(text).toContain('modify-network-interface-attribute --groups sg-…')
    } else
      expect(text).toContain(
        'delete-network-interface --region us-east-1 --network-interface-id eni-0free',
      )
    expect(census(standin)).toMatchObject({ roles: 0, profiles: 0, groups: 1 })
  })

  it('a disk that was to be kept goes all the same, and is named', async () => {
    account = await openAccount()
    const { site, standin, steps } = account
    await up(site, { nodes: ['node-1'] })
    const [volume] = standin.world.volumes.values()
    if (volume) volume.deleteOnTermination = false
    const { removed, problems } = await removeCluster(site)
    expect(problems).toBeUndefined()
    expect(removed).toContainEqual({ id: volume?.id, kind: 'volume' })
    expect(steps).toContain(`Removed disk ${volume?.id}, which was kept when its machine ended`)
    expect(standin.leftovers()).toEqual([])
  })

  it('termination protection is named, and every other machine ends', async () => {
    account = await openAccount()
    const { site, standin } = account
    const { nodes } = await up(site, { nodes: ['node-1', 'node-2', 'node-3', 'node-4'] })
    const [kept] = nodes
    const instance = standin.world.instances.get(kept?.instance ?? '')
    if (!kept || !instance) throw new Error('there is no machine')
    instance.terminationProtected = true
    const { problems, remaining } = await removeCluster(site)
    expect(alive()).toEqual([kept.instance])
    expect(remaining).toEqual([
      { id: 'node-1', kind: 'node' },
      { id: ownGroup().id, kind: 'group' },
    ])
    expect(problems?.map(({ message }) => message)).toEqual([
      `${kept.instance} runs on: its termination protection is on`,
    ])
    expect(problems?.[0]?.suggestions[0]).toBe(
      `Turn it off: aws ec2 modify-instance-attribute --region us-east-1 --instance-id ${kept.instance} --no-disable-api-termination`,
    )
    instance.terminationProtected = false
    expect((await removeCluster(site)).problems).toBeUndefined()
    expect(standin.leftovers()).toEqual([])
  })
})
