/** Machines as EC2 instances: the contract of a provider on the stand-in, and what only they have. */
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { removeCluster } from '../../../src/provider/ec2/cluster/remove.ts'
import { type Ec2Options, ec2Provider } from '../../../src/provider/ec2/ec2.ts'
import { roleOfProfile } from '../../../src/provider/ec2/iam/role.ts'
import type { LaunchSpec } from '../../../src/provider/provider.ts'
import type { GivenOptions } from '../../aws/options.ts'
import { describeProvider } from '../../contract/provider.ts'
import { until } from '../until.ts'
import { type Account, openAccount, up } from './account.ts'

const spec = (id: string, kind: LaunchSpec['kind'] = 'worker'): LaunchSpec =>
  kind === 'node'
    ? { kind, id }
    : { kind, id, node: 'n1', url: 'https://172.31.0.4:8443', token: 'of nobody' }

/** A cluster without nodes, and a provider of the operator for it. */
async function openCluster(changes: Partial<Ec2Options> = {}) {
  // The contract lets another provider list at once what this one has launched.
  const account = await openAccount({ delays: { instanceLagMs: 0 } })
  const { infrastructure } = await up(account.site, { nodes: [] })
  const options: Ec2Options = {
    aws: account.aws,
    cluster: 'test',
    shapes: infrastructure.shapes,
    bootScript: ({ id }) => (id.startsWith('impossible') ? noise(40_000) : '#!/bin/sh\n'),
    ...changes,
  }
  return { account, options, provider: ec2Provider(options), infrastructure }
}

/** Text that does not get smaller. */
function noise(length: number): string {
  return Array.from({ length }, () => String.fromCharCode(33 + Math.random() * 90)).join('')
}

describeProvider('the EC2 provider', async () => {
  const { account, options } = await openCluster()
  // Of an id that can't be launched the suite only has the spec: its boot script is too long.
  const impossible = new Set<string>()
  const open = () =>
    ec2Provider({
      ...options,
      bootScript: ({ id }) => (impossible.has(id) ? noise(40_000) : '#!/bin/sh\n'),
    })
  return {
    provider: open(),
    cluster: 'test',
    another: open,
    spec: (id, { kind } = {}) => spec(id, kind),
    impossible(id) {
      impossible.add(id)
      return spec(id)
    },
    isUp: async () => {},
    close: () => account.close(),
  }
})

describe('an EC2 machine', () => {
  let account: Account
  afterEach(() => account.close())

  /** A provider with the credentials that IMDS gives to a node, as on a node. */
  async function openNode() {
    account = await openAccount()
    const { infrastructure, nodes } = await up(account.site, { nodes: ['n1'] })
    const [node] = nodes
    const credentials = account.standin.credentialsFor(node?.instance ?? '')
    if (!credentials) throw new Error('the node has no role')
    const aws = await account.connect(credentials)
    const bootScript = () => '#!/bin/sh\n'
    const options = { aws, cluster: 'test', shapes: infrastructure.shapes, bootScript }
    return { infrastructure, options, provider: ec2Provider(options), aws }
  }

  it('is launched and ended by a node with the rights of node.json', async () => {
    const { provider, options } = await openNode()
    const worker = await provider.launch(spec('w1'))
    expect(worker).toMatchObject({ id: 'w1', kind: 'worker', node: 'n1', cluster: 'test' })
    const spot = { ...options.shapes, worker: { ...options.shapes.worker, spot: true } }
    await expect(ec2Provider({ ...options, shapes: spot }).launch(spec('w2'))).rejects.toThrow(
      /create-service-linked-role|service-linked role/,
    )
    await provider.terminate('w1', { graceMs: 0 })
    expect((await provider.list()).map(({ id }) => id)).toEqual(['n1'])
    await removeCluster(account.site)
    expect(account.standin.leftovers()).toEqual([])
  })

  it('is still there when one answer of EC2 leaves it out, and says why when it has ended', async () => {
    const { provider } = await openNode()
    const { instance } = await provider.launch(spec('w1'))
    expect((await provider.list()).map(({ id }) => id)).toContain('w1')
    const { instances } = account.standin.world
    const kept = instances.get(instance)
    instances.delete(instance)
    expect((await provider.list()).map(({ id }) => id)).toContain('w1')
    if (kept) instances.set(instance, kept)
    account.standin.shutdown(instance)
    // EC2 may be slow to show it.
    await until('w1 is not listed', async () =>
      (await provider.list()).every(({ id }) => id !== 'w1'),
    )
    expect(await provider.whyEnded('w1')).toMatch(/^Client.InstanceInitiatedShutdown/)
  })

  it('says why it has ended, also when it was never seen ending', async () => {
    const { provider } = await openNode()
    const { instance } = await provider.launch(spec('w1'))
    await provider.list()
    account.standin.shutdown(instance)
    const ended = () => account.standin.world.instances.get(instance)?.state === 'terminated'
    await until('w1 has terminated', async () => ended())
    expect(await provider.whyEnded('w1')).toMatch(/^Client.InstanceInitiatedShutdown/)
  })

  it('has the role of a profile that somebody else has made', async () => {
    account = await openAccount()
    const { aws } = account
    const { infrastructure } = await up(account.site, { nodes: [] })
    expect(await roleOfProfile(aws, infrastructure.profile)).toBe(infrastructure.role)
    await expect(roleOfProfile(aws, 'nobodys')).rejects.toThrow(/No instance profile nobodys/)
  })

  it('of spot is launched by a node once the role of spot is there', async () => {
    account = await openAccount({ spotRole: true })
    const { infrastructure, nodes } = await up(account.site, { nodes: ['n1'], spot: true })
    const credentials = account.standin.credentialsFor(nodes[0]?.instance ?? '')
    if (!credentials) throw new Error('the node has no role')
    const aws = await account.connect(credentials)
    const { shapes } = infrastructure
    const bootScript = () => '#!/bin/sh\n'
    const provider = ec2Provider({ aws, cluster: 'test', shapes, bootScript })
    await provider.launch(spec('w1'))
    expect([...account.standin.world.spotRequests.values()][0]?.tags.get('tm:kind')).toBe('worker')
  })

  it('of spot spreads over zones and pools, from the zone of its node on', async () => {
    account = await openAccount({ spotRole: true })
    const { infrastructure, nodes } = await up(account.site, { nodes: ['n1', 'n2'], spot: true })
    const { shapes } = infrastructure
    const bootScript = () => '#!/bin/sh\n'
    const place = (node: string, id: string) => ({ ...spec(id), node }) as LaunchSpec
    for (const { id } of nodes) {
      const provider = ec2Provider({ aws: account.aws, cluster: 'test', shapes, bootScript })
      for (const n of [1, 2, 3, 4]) await provider.launch(place(id, `${id}-w${n}`))
    }
    const workers = account.standin
      .instances()
      .filter(({ tags }) => tags['tm:kind'] === 'worker')
      .map(({ type, zone, tags }) => ({ pool: `${type} ${zone}`, zone, id: tags['tm:id'] }))
    for (const { id, zone } of nodes) {
      expect(workers.find((one) => one.id === `${id}-w1`)?.zone).toBe(zone)
    }
    expect(new Set(workers.map(({ zone }) => zone)).size).toBe(3)
    // Of two types in three zones.
    expect(new Set(workers.map(({ pool }) => pool)).size).toBeGreaterThanOrEqual(5)
  })

  it('of spot spreads as well when several are launched at a time', async () => {
    account = await openAccount({ spotRole: true })
    const { infrastructure } = await up(account.site, { nodes: ['n1'], spot: true })
    const { shapes } = infrastructure
    const bootScript = () => '#!/bin/sh\n'
    const provider = ec2Provider({ aws: account.aws, cluster: 'test', shapes, bootScript })
    await Promise.all(['w1', 'w2', 'w3', 'w4'].map((id) => provider.launch(spec(id))))
    const pools = account.standin
      .instances()
      .filter(({ tags }) => tags['tm:kind'] === 'worker')
      .map(({ type, zone }) => `${type} ${zone}`)
    expect(pools).toHaveLength(4)
    expect(new Set(pools).size).toBe(4)
  })

  it.each<[string, GivenOptions, RegExp]>([
    ['quota', { spotVcpuQuota: 1 }, /"All Standard .* Spot Instance Requests"/],
    ['capacity', {}, /AWS has no capacity for spot c7g.large in us-east-1a/],
  ])('of spot is on demand where spot has no %s, if that is allowed', async (what, given, text) => {
    account = await openAccount({ spotRole: true, ...given })
    const { infrastructure } = await up(account.site, { nodes: ['n1'], spot: true })
    if (what === 'capacity') {
      for (const zone of 'abc') {
        for (const type of ['c7g.large', 'c7i.large']) {
          account.standin.setCapacity(`${type}:us-east-1${zone}:spot`, false)
        }
      }
    }
    const { shapes } = infrastructure
    const common = { aws: account.aws, cluster: 'test', bootScript: () => '#!/bin/sh\n' }
    await expect(ec2Provider({ ...common, shapes }).launch(spec('w1'))).rejects.toThrow(text)
    const worker = { ...shapes.worker, onDemandFallback: true }
    await ec2Provider({ ...common, shapes: { ...shapes, worker } }).launch(spec('w2'))
    const seen = account.standin.instances().map(({ tags, spot }) => [tags['tm:id'], spot])
    expect(seen).toEqual([
      ['n1', false],
      ['w2', false],
    ])
  })

  it.each<[string, (shapes: Ec2Options['shapes']) => Ec2Options['shapes'], LaunchSpec['kind']]>([
    ['another node', (shapes) => shapes, 'node'],
    [
      'a worker with a role',
      ({ worker, ...rest }) => ({
        ...rest,
        ...(worker ? { worker: { ...worker, profile: 'tm-us-east-1-test' } } : {}),
      }),
      'worker',
    ],
    [
      'a worker in another group',
      ({ worker, ...rest }) => ({
        ...rest,
        ...(worker ? { worker: { ...worker, group: otherGroup() } } : {}),
      }),
      'worker',
    ],
  ])('is not launched by a node as %s', async (_, change, kind) => {
    const { options } = await openNode()
    const provider = ec2Provider({ ...options, shapes: change(options.shapes) })
    await expect(provider.launch(spec('x1', kind))).rejects.toThrow(
      /may not (ec2:RunInst|iam:Pass)/,
    )
    expect((await provider.list()).map(({ id }) => id)).toEqual(['n1'])
  })

  it('is not ended by a node when it is a node', async () => {
    const { provider } = await openNode()
    await expect(provider.terminate('n1', { graceMs: 0 })).rejects.toThrow(/ec2:TerminateInstances/)
  })

  const otherGroup = () =>
    [...account.standin.world.groups.values()].find(({ name }) => name === 'default')?.id ?? ''

  it('is listed, and ended, before EC2 shows it', async () => {
    const { provider } = await openNode()
    const late = account.standin.onCall(
      'RunInstances',
      () => {
        for (const one of account.standin.world.instances.values()) one.visibleAt = Date.now() + 200
      },
      'after',
    )
    const worker = await provider.launch(spec('w1'))
    late()
    expect(await provider.list()).toContainEqual(worker)
    expect(await provider.launch(spec('w1'))).toEqual(worker)
    await provider.terminate('w1', { graceMs: 0 })
    expect(account.standin.world.instances.get(worker.instance)?.state).toBe('terminated')
  })

  it('is no machine any more when it has shut itself down', async () => {
    const { provider } = await openNode()
    const { instance } = await provider.launch(spec('w1'))
    await delay(150)
    account.standin.shutdown(instance)
    expect((await provider.list()).map(({ id }) => id)).toEqual(['n1'])
    const anew = await provider.launch(spec('w1'))
    expect(anew.instance).not.toBe(instance)
  })

  it('is seen with one call a look, however many there are', async () => {
    const { provider } = await openNode()
    await Promise.all(['w1', 'w2', 'w3'].map((id) => provider.launch(spec(id))))
    const before = account.standin.calls.length
    expect(await provider.list()).toHaveLength(4)
    expect(account.standin.calls.length - before).toBe(1)
  })

  it('is found on every page', async () => {
    account = await openAccount({ maxPage: 5 })
    const ids = Array.from({ length: 7 }, (_, index) => `node-${index + 1}`)
    await up(account.site, { nodes: ids })
    const { aws } = account
    const provider = ec2Provider({ aws, cluster: 'test', shapes: {}, bootScript: () => '' })
    expect((await provider.list()).map(({ id }) => id).sort()).toEqual(ids)
  })
})
