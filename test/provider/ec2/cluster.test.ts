/** A cluster goes up and down on the stand-in, with the real SDK: once, again, and when AWS is not kind. */
import { afterEach, describe, expect, it } from 'vitest'
import { listClusters } from '../../../src/provider/ec2/cluster/list.ts'
import { partsOf } from '../../../src/provider/ec2/cluster/parts.ts'
import { createRemovalSteps } from '../../../src/provider/ec2/cluster/removal-steps.ts'
import { removeCluster } from '../../../src/provider/ec2/cluster/remove.ts'
import { operatorPolicy } from '../../../src/provider/ec2/iam/policies.ts'
import { ensureGroup } from '../../../src/provider/ec2/network/group.ts'
import type { GivenOptions } from '../../aws/options.ts'
import { type Account, census, keptJournal, oneCluster, openAccount, up } from './account.ts'

let account: Account
const open = async (given?: GivenOptions) => {
  account = await openAccount(given)
  return account
}
afterEach(() => account.close())

const actions = () => account.standin.calls.map(({ action }) => action)

describe('a cluster', () => {
  it('goes up, is the same when asked again, and goes down without a trace', async () => {
    const { site, standin, steps } = await open()
    const first = await up(site)
    expect(first.nodes.map(({ id }) => id)).toEqual(['node-1', 'node-2'])
    expect(new Set(first.nodes.map(({ zone }) => zone)).size).toBe(2)
    expect(first.nodes[0]?.publicAddress).toMatch(/^203\.0\.113\.\d+$/)
    expect(census(standin)).toEqual(oneCluster)
    const [instance] = standin.world.instances.values()
    expect(instance).toMatchObject({
      shutdownBehavior: 'terminate',
      metadata: { tokens: 'required', hopLimit: 1 },
    })
    expect([...standin.world.volumes.values()].every(({ encrypted }) => encrypted)).toBe(true)

    const runs = () => actions().filter((action) => /^(Run|Create)/.test(action)).length
    const before = runs()
    const second = await up(site)
    expect(second.nodes.map((node) => node.instance)).toEqual(first.nodes.map((n) => n.instance))
    expect(runs()).toBe(before)

    expect(await listClusters(site.aws)).toEqual([
      expect.objectContaining({
        cluster: 'test',
        nodes: 2,
        workers: 0,
        hourly: 0.0454,
        whole: true,
      }),
    ])
    const result = await removeCluster(site)
    expect(result.removed.map(({ kind }) => kind)).toEqual([
      ...['node', 'node', 'group', 'profile', 'role'],
    ])
    expect(result.remaining).toEqual([])
    expect(standin.leftovers()).toEqual([])
    expect(steps.at(-1)).toBe('checked again: nothing is left')
    expect(await removeCluster(site)).toEqual({ cluster: 'test', removed: [], remaining: [] })
    const nothing = { parts: [], complete: true }
    expect(await partsOf(site, createRemovalSteps(undefined))).toEqual(nothing)
    expect(await listClusters(site.aws)).toEqual([])
  })

  it('goes up again after it went down, and from another machine without the journal', async () => {
    const { site, standin } = await open()
    const journal = keptJournal()
    const { nodes } = await up(site, { journal })
    await removeCluster(site)
    const again = await up(site, { journal })
    expect(again.nodes[0]?.instance).not.toBe(nodes[0]?.instance)
    await removeCluster(site)
    await up(site)
    expect(census(standin)).toEqual(oneCluster)
    await removeCluster(site)
    expect(standin.leftovers()).toEqual([])
  })

  it('is one cluster when two commands make it at once', async () => {
    const { site, standin, connect } = await open()
    const other = { ...site, aws: await connect() }
    const [a, b] = await Promise.all([up(site), up(other)])
    expect(a.nodes.map(({ instance }) => instance)).toEqual(b.nodes.map((node) => node.instance))
    expect(census(standin)).toEqual(oneCluster)
    await Promise.all([removeCluster(site), removeCluster(other)])
    expect(standin.leftovers()).toEqual([])
  })

  it('is made and removed with the rights of operator.json, and no more', async () => {
    const { site, standin } = await open()
    const place = { account: standin.account, partition: 'aws', region: standin.region }
    standin.setOperatorPolicy(operatorPolicy(place))
    await up(site, { spot: true })
    await up(site, { cidrs: ['198.51.100.1'] })
    await listClusters(site.aws)
    await removeCluster(site)
    expect(standin.leftovers()).toEqual([])
  })

  it('leaves another cluster of the account alone', async () => {
    const { site, standin } = await open()
    const other = { ...site, cluster: 'other' }
    await up(site)
    await up(other, { nodes: ['node-1'] })
    await removeCluster(site)
    expect((await listClusters(site.aws)).map(({ cluster }) => cluster)).toEqual(['other'])
    await removeCluster(other)
    expect(standin.leftovers()).toEqual([])
  })
})

describe('the security group', () => {
  const shown = () =>
    [...account.standin.world.groups.values()]
      .filter(({ name }) => name === 'tm-test')
      .flatMap(({ rules }) => rules.filter(({ egress }) => !egress))
      .map(({ source, from }) => `${Object.values(source)[0]} ${from}`)
      .sort()

  it('follows the operator, and is healed', async () => {
    const { site, aws } = await open()
    const { infrastructure } = await up(site, { nodes: [] })
    const { group } = infrastructure
    expect(shown()).toEqual(['203.0.113.7/32 8443', `${group} 8443`])
    const wanted = { cluster: 'test', port: 8443, cidrs: ['198.51.100.1', '10.0.0.0/8'] }
    expect(await ensureGroup(aws, wanted)).toMatchObject({
      created: false,
      opened: ['198.51.100.1/32 to port 8443', '10.0.0.0/8 to port 8443'],
      closed: ['203.0.113.7/32 to port 8443'],
    })
    expect(shown()).toEqual(['10.0.0.0/8 8443', '198.51.100.1/32 8443', `${group} 8443`])
    const [own] = [...account.standin.world.groups.values()].filter(({ id }) => id === group)
    if (own) own.rules = own.rules.filter(({ egress }) => egress)
    await ensureGroup(aws, wanted)
    expect(shown()).toEqual(['10.0.0.0/8 8443', '198.51.100.1/32 8443', `${group} 8443`])
    expect(await ensureGroup(aws, wanted)).toMatchObject({ opened: [], closed: [] })
  })

  it('must be there to be re-opened', async () => {
    const { aws } = await open()
    const wanted = { cluster: 'none', port: 8443, cidrs: [] }
    await expect(ensureGroup(aws, wanted)).rejects.toMatchObject({ code: 'not_found' })
  })
})

describe('what AWS refuses', () => {
  it('waits for the profile with one token, and lets throttling pass', async () => {
    const { site, standin } = await open({ delays: { profileLagMs: 200 } })
    standin.fail({ action: 'RunInstances', code: 'RequestLimitExceeded', times: 4 })
    standin.fail({ action: 'DescribeInstances', code: 'RequestLimitExceeded', times: 1 })
    await up(site)
    expect(census(standin)).toEqual(oneCluster)
    const tokens = standin.calls
      .filter(({ action }) => action === 'RunInstances')
      .map(({ params }) => params.ClientToken)
    expect(new Set(tokens).size).toBe(2)
    expect(tokens.length).toBeGreaterThanOrEqual(6)
  })

  it('tries the next zone, then the next type, where AWS lacks capacity', async () => {
    const { site, standin } = await open()
    for (const zone of 'abc') standin.setCapacity(`t4g.small:us-east-1${zone}`, false)
    standin.setCapacity('t3.small:us-east-1a', false)
    const { nodes } = await up(site)
    expect(nodes.map(({ type }) => type)).toEqual(['t3.small', 't3.small'])
    const runs = standin.calls.filter(({ action }) => action === 'RunInstances')
    const noCapacity = runs.filter(({ outcome }) => outcome === 'InsufficientInstanceCapacity')
    // Once each, not again for the second node: full places are remembered.
    expect(noCapacity).toHaveLength(4)
    expect(runs.filter(({ outcome }) => outcome === 'IdempotentParameterMismatch')).toEqual([])
  })

  it('says so when no zone has capacity, and a second up completes it', async () => {
    const { site, standin } = await open()
    const journal = keptJournal()
    for (const zone of 'abc') standin.setCapacity(`t4g.small:us-east-1${zone}`, false)
    const nodeTypes = ['t4g.small']
    await expect(up(site, { journal, nodeTypes })).rejects.toThrow(
      /node-1 was not launched: AWS has no capacity .*t4g.small in us-east-1a, t4g.small in us-east-1b/,
    )
    for (const zone of 'abc') standin.setCapacity(`t4g.small:us-east-1${zone}`, true)
    await up(site, { journal, nodeTypes })
    expect(census(standin)).toEqual(oneCluster)
  })

  it('finds the machine of an answer that was lost', async () => {
    const { site, standin } = await open()
    standin.fail({ action: 'RunInstances', code: 'InternalError', after: true })
    standin.fail({ action: 'CreateSecurityGroup', code: 'InternalError', after: true })
    standin.fail({ action: 'CreateRole', code: 'ServiceFailure', after: true, status: 500 })
    standin.fail({ action: 'RunInstances', code: 'x', cut: true, after: true, skip: 2 })
    await up(site)
    expect(census(standin)).toEqual(oneCluster)
  })

  it('adopts the machine of a call with other parameters', async () => {
    const { site, standin } = await open({ delays: { instanceLagMs: 100 } })
    const { nodes } = await up(site, { nodes: ['node-1'] })
    // A newer tm on another machine, which can not see it yet.
    for (const one of standin.world.instances.values()) one.visibleAt = Date.now() + 200
    const again = await up(site, { nodes: ['node-1'], bootScript: '#!/bin/sh\n# newer\n' })
    expect(again.nodes[0]?.instance).toBe(nodes[0]?.instance)
    expect(census(standin).machines).toEqual(['node-1'])
  })

  it.each<[string, GivenOptions, RegExp]>([
    ['a quota', { vcpuQuota: 1 }, /Standard .*\(L-1216C47A\) of 1 vCPUs is used up in us-east-1/],
    ['no default VPC', { vpcs: [] }, /no default VPC in us-east-1/],
    [
      'a VPC without a way out',
      {
        vpcs: [
          {
            cidr: '10.0.0.0/16',
            isDefault: true,
            internet: false,
            subnets: [{ zone: 'us-east-1a', cidr: '10.0.0.0/24', publicAddresses: true }],
          },
        ],
      },
      /route to an internet gateway/,
    ],
  ])('explains %s', async (_, given, text) => {
    const { site, standin } = await open(given)
    await expect(up(site)).rejects.toThrow(text)
    await removeCluster(site)
    expect(standin.leftovers()).toEqual([])
  })

  it('explains a missing right, and stops at once', async () => {
    const { site, standin } = await open()
    const place = { account: standin.account, partition: 'aws', region: standin.region }
    const policy = operatorPolicy(place) as { Statement: { Sid: string }[] }
    const Statement = policy.Statement.filter(({ Sid }) => Sid !== 'GiveTheseRolesToInstancesOnly')
    standin.setOperatorPolicy({ ...policy, Statement })
    await expect(up(site)).rejects.toThrow(
      /user\/operator may not iam:PassRole on arn:aws:iam::\d+:role\/tm\//,
    )
  })

  it('explains a type that the region does not have', async () => {
    const { site, standin } = await open()
    await expect(up(site, { nodeTypes: ['z9.huge'] })).rejects.toMatchObject({ code: 'invalid' })
    expect(standin.leftovers()).toEqual([])
  })

  it('explains credentials that are not good', async () => {
    const { site, connect, standin } = await open()
    const wrong = await connect({ ...standin.operator, secretAccessKey: 'wrong' })
    await expect(up({ ...site, aws: wrong })).rejects.toThrow(/does not accept the credentials/)
  })
})
