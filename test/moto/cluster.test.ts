/**
 * A second opinion: what the stand-in is told, told to moto, which was written by others. moto
 * knows fewer rules than AWS; each place where it is wrong is named.
 */
import {
  DescribeInstancesCommand,
  DescribeSecurityGroupsCommand,
  type Instance,
} from '@aws-sdk/client-ec2'
import { GetInstanceProfileCommand, GetRolePolicyCommand } from '@aws-sdk/client-iam'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { listClusters } from '../../src/cli/ec2/list.ts'
import { removeCluster } from '../../src/cli/ec2/remove.ts'
import { type Aws, connectAws, disconnectAws } from '../../src/provider/ec2/clients.ts'
import { ec2Provider } from '../../src/provider/ec2/ec2.ts'
import { pace, recording, up } from '../provider/ec2/account.ts'
import { openDefaultVpc } from './network.ts'
import { findMoto, startMoto } from './server.ts'

const file = findMoto()

describe('with moto', () => {
  let moto: Awaited<ReturnType<typeof startMoto>>
  let aws: Aws
  const steps: string[] = []

  beforeAll(async () => {
    if (!file) return
    moto = await startMoto(file)
    const credentials = { accessKeyId: 'AKIAMOTO', secretAccessKey: 'secret' }
    aws = await connectAws({ endpoint: moto.url, region: 'us-east-1', credentials })
    await openDefaultVpc(aws)
  }, 60_000)
  afterAll(async () => {
    if (!file) return
    disconnectAws(aws)
    await moto.stop()
  })

  async function instances(): Promise<Instance[]> {
    const { Reservations = [] } = await aws.ec2.send(new DescribeInstancesCommand({}))
    return Reservations.flatMap(({ Instances = [] }) => Instances)
  }

  it('a cluster goes up, launches a worker, is the same when asked again, and goes down', async (context) => {
    if (!file) context.skip('NOT TESTED: no moto_server here; .ci/run installs one')
    const site = { aws, cluster: 'test', pace, reporter: recording(steps) }
    const first = await up(site, { spot: true })
    const second = await up(site, { spot: true })
    expect(second.nodes.map((node) => node.instance)).toEqual(first.nodes.map((n) => n.instance))

    const { shapes, group, profile } = first.infrastructure
    const provider = ec2Provider({ aws, cluster: 'test', shapes, bootScript: () => '#!', pace })
    const place = { node: 'node-1', args: [], folder: '/' }
    await provider.launch({ id: 'node-1-w-1', kind: 'worker', ...place })
    expect((await provider.list()).map(({ id }) => id).sort()).toEqual([
      ...['node-1', 'node-1-w-1', 'node-2'],
    ])

    const all = await instances()
    expect(all).toHaveLength(3)
    for (const one of all) {
      expect(one.MetadataOptions?.HttpTokens).toBe('required')
      expect(one.Tags).toContainEqual({ Key: 'tm:cluster', Value: 'test' })
      // moto forgets the groups of a launch that names them with its network interface.
    }
    const worker = all.find(({ Tags = [] }) => Tags.some(({ Value }) => Value === 'node-1-w-1'))
    expect(worker?.IamInstanceProfile).toBeUndefined()
    expect(worker?.InstanceLifecycle).toBe('spot')

    const name = { InstanceProfileName: profile }
    const { InstanceProfile } = await aws.iam.send(new GetInstanceProfileCommand(name))
    const roles = InstanceProfile?.Roles?.map(({ RoleName }) => RoleName)
    expect(roles).toEqual([profile])
    const policy = { RoleName: profile, PolicyName: 'tm-node' }
    const { PolicyDocument } = await aws.iam.send(new GetRolePolicyCommand(policy))
    expect(decodeURIComponent(PolicyDocument ?? '')).toContain('TerminateOwnWorkersOnly')
    const { SecurityGroups = [] } = await aws.ec2.send(
      new DescribeSecurityGroupsCommand({ GroupIds: [group] }),
    )
    const [rule] = SecurityGroups[0]?.IpPermissions ?? []
    expect(rule).toMatchObject({ FromPort: 8443, ToPort: 8443, IpProtocol: 'tcp' })

    expect(await listClusters(aws, pace)).toMatchObject([{ cluster: 'test', nodes: 2, workers: 1 }])
    const { removed, remaining } = await removeCluster(site)
    expect(remaining).toEqual([])
    expect(removed.map(({ kind }) => kind).sort()).toEqual([
      ...['group', 'node', 'node', 'profile', 'role', 'worker'],
    ])
    expect((await instances()).every(({ State }) => State?.Name === 'terminated')).toBe(true)
    expect(await removeCluster(site)).toEqual({ cluster: 'test', removed: [], remaining: [] })
  }, 120_000)
})
