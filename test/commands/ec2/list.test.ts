/** `tm list` and `tm allow-ip`: what there is, where, and who gets in. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { describeList } from '../../../src/cli/output/cluster-list.ts'
import type { ListedCluster } from '../../../src/provider/cluster.ts'
import { operatorPolicy } from '../../../src/provider/ec2/iam/policies.ts'
import type { Ec2Record } from '../../../src/state/cluster-record.ts'
import { makeWorld } from '../world.ts'
import { type Laptop, opened, openLaptop } from './laptop.ts'

let laptop: Laptop
afterEach(async () => {
  await laptop.close()
  vi.unstubAllGlobals()
})

describe('list', () => {
  it('has the clusters of the region, whoever made them', async () => {
    laptop = await openLaptop()
    await laptop.up()
    await laptop.up({ state: laptop.clusterState('x'), nodes: 1 })
    const { json, stderr, exitCode } = await laptop.other().json(['list'])
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 })
    const common = { provider: 'ec2', region: 'us-east-1', workers: 0, whole: true }
    const since = expect.any(Number)
    expect(json).toEqual({
      clusters: [
        { ...common, cluster: 'default', nodes: 2, since, hourly: 0.0454 },
        { ...common, cluster: 'x', nodes: 1, since, hourly: 0.0227 },
      ],
    })
    const { stdout } = await laptop.tm(['list'])
    expect(stdout).toMatch(/^default\tus-east-1\t2\t0\tN s\t0\.045\t\nx\tus-east-1\t1\t0\tN s\t/)
  })

  it('has those of this machine, with a note where AWS is not set up', async () => {
    laptop = await openLaptop()
    const { dataDir, close } = await makeWorld()
    const none = { dataDir, env: {} }
    expect(await laptop.tm(['list'], none)).toEqual({
      stdout: 'default\tthis machine\t0\t0\t\t0\tdefault is stopped: tm up --local starts it\n',
      stderr:
        'EC2 is left out: AWS is not set up on this machine: no region and no credentials are configured\n',
      exitCode: 0,
    })
    const { stderr, exitCode } = await laptop.tm(['list', '--region', 'eu-west-1'], none)
    expect(stderr).toMatch(/^EC2 in eu-west-1 is left out: .*no AWS credentials found\n$/)
    expect(exitCode).toBe(1)
    await close()
  })

  it('says what it does not know of clusters that were made here', async () => {
    laptop = await openLaptop()
    await laptop.up({ nodes: 1 })
    const without = await laptop.tm(['list'], { env: {} })
    expect(without.stderr).toContain(
      'Cluster default in us-east-1 was created here; whether it still runs is unknown\n',
    )
    await laptop.other().tm(['down', '--yes'])
    const { stdout, stderr } = await laptop.tm(['list'])
    expect(stdout).toBe('')
    expect(stderr).toBe('Cluster default is gone from us-east-1. Forget it: tm down\n')
  })

  it('fails where AWS refuses, and shows the others', async () => {
    laptop = await openLaptop()
    const place = { account: laptop.standin.account, partition: 'aws', region: 'us-east-1' }
    const policy = operatorPolicy(place) as { Statement: { Sid: string }[] }
    laptop.standin.setOperatorPolicy({
      ...policy,
      Statement: policy.Statement.filter(({ Sid }) => Sid !== 'Look'),
    })
    const { stderr, exitCode } = await laptop.tm(['list'])
    expect(stderr).toMatch(/^EC2 in us-east-1 is left out: .* may not ec2:Describe/)
    expect(exitCode).toBe(1)
  })

  it('has what does nothing, with --orphans, and nothing else', async () => {
    laptop = await openLaptop()
    await laptop.up({ nodes: 1 })
    expect((await laptop.json(['list', '--orphans'])).json).toEqual({ orphans: [] })
    const [node] = laptop.standin.instances()
    laptop.standin.shutdown(node?.id ?? '')
    const { json, exitCode } = await laptop.other().json(['list', '--orphans'])
    const why = 'its cluster has no machine'
    const common = { cluster: 'default', region: 'us-east-1', why, removable: true }
    expect(json).toEqual({
      orphans: [
        { ...common, kind: 'security group', id: expect.stringMatching(/^sg-/) },
        { ...common, kind: 'role', id: 'tm-us-east-1-default' },
        { ...common, kind: 'instance profile', id: 'tm-us-east-1-default' },
      ],
    })
    expect(exitCode).toBe(0)
    const { stdout } = await laptop.tm(['list', '--orphans'])
    expect(stdout.split('\n')[1]).toBe(`role\ttm-us-east-1-default\tdefault\tus-east-1\t\t\t${why}`)
    await laptop.tm(['down', '--yes'])
    expect((await laptop.json(['list', '--orphans'])).json).toEqual({ orphans: [] })
  })

  it('says of --orphans what it could not look at', async () => {
    laptop = await openLaptop()
    await laptop.up({ nodes: 1 })
    const { stderr, exitCode } = await laptop.tm(['list', '--orphans', '--region', 'eu-west-1'], {
      env: {},
    })
    expect(stderr).toMatch(/^EC2 in eu-west-1 is left out: .*no AWS credentials found\n$/)
    expect(exitCode).toBe(1)
  })

  it('is a table on a terminal, with a remark on what is not whole', () => {
    const common = { provider: 'ec2' as const, region: 'us-east-1', workers: 0, whole: false }
    const clusters: ListedCluster[] = [
      {
        cluster: 'here',
        provider: 'local',
        nodes: 1,
        workers: 2,
        hourly: 0,
        whole: true,
        since: 0,
      },
      { ...common, cluster: 'half', nodes: 1, since: 60_000, hourly: 0.0218 },
      { ...common, cluster: 'rest', nodes: 0, hourly: 0 },
      { ...common, cluster: 'dear', nodes: 2, whole: true },
      { cluster: 'part', provider: 'local', nodes: 1, workers: 0, hourly: 0, whole: false },
    ]
    expect(describeList(clusters, { now: 3_600_000, terminal: true })).toBe(
      `CLUSTER  WHERE         NODES  WORKERS  AGE         $/H        
here     this machine  1      2        1 h 0 min   0
half     us-east-1     1      0        59 min 0 s  0.022      incomplete
rest     us-east-1     0      0                    0          a leftover
dear     us-east-1     2      0                    not known
part     this machine  1      0                    0          incomplete

half is incomplete: tm up --cluster half --region us-east-1 completes it
rest is a leftover: tm down --cluster rest --region us-east-1 removes it
part is incomplete: tm up --local --cluster part completes it`.replace(/ +$/gm, ''),
    )
    expect(describeList([], { now: 0, terminal: false })).toBe('')
  })
})

describe('allow-ip', () => {
  const choices = () => (laptop.clusterState().read() as Ec2Record).choices.allowCidrs

  it('opens the group for your new address, and closes it for the old one', async () => {
    laptop = await openLaptop()
    await laptop.up({ nodes: 1 })
    vi.stubGlobal('fetch', async () => new Response('198.51.100.9\n'))
    expect(await laptop.tm(['allow-ip'])).toEqual({
      stdout: 'opened 198.51.100.9/32 to port 8443\nclosed 203.0.113.7/32 to port 8443\n',
      stderr: '✔ security group: sg-ID (N s)\n',
      exitCode: 0,
    })
    expect(opened(laptop.standin)).toEqual(['198.51.100.9/32 8443'])
    expect(choices()).toBeUndefined()
    expect((await laptop.tm(['allow-ip'])).stdout).toBe('Already open: 198.51.100.9/32\n')
  })

  it('takes others, which the next up keeps', async () => {
    laptop = await openLaptop()
    await laptop.up({ nodes: 1 })
    const argv = ['allow-ip', '--cidr', '10.0.0.0/8,192.0.2.1', '--cidr', '192.0.2.2']
    const { json } = await laptop.json(argv)
    const cidrs = ['10.0.0.0/8', '192.0.2.1/32', '192.0.2.2/32']
    expect(json).toEqual({
      cluster: 'default',
      region: 'us-east-1',
      group: expect.stringMatching(/^sg-/),
      cidrs,
      opened: cidrs.map((cidr) => `${cidr} to port 8443`),
      closed: ['203.0.113.7/32 to port 8443'],
    })
    expect(choices()).toEqual(cidrs)
    await laptop.up({ choices: {} })
    expect(opened(laptop.standin)).toEqual(cidrs.map((cidr) => `${cidr} 8443`))
  })

  it('works from another machine', async () => {
    laptop = await openLaptop()
    await laptop.up({ nodes: 1 })
    await laptop.other().tm(['allow-ip', '--cidr', '192.0.2.1'])
    expect(opened(laptop.standin)).toEqual(['192.0.2.1/32 8443'])
  })

  it('refuses what is none, and where there is no group', async () => {
    laptop = await openLaptop()
    expect(await laptop.tm(['allow-ip', '--cidr', '10.0.0.1/8'])).toEqual({
      stdout: '',
      stderr: 'Error: --cidr: "10.0.0.1/8" has bits set beyond its first 8\n'.concat(
        '  → One address: --cidr 203.0.113.7/32\n  → A block: --cidr 10.0.0.0/16\n',
      ),
      exitCode: 2,
    })
    expect(await laptop.tm(['allow-ip', '--cidr', '192.0.2.1', '--cluster', 'x'])).toEqual({
      stdout: '',
      stderr: `✖ security group (N s)
Error: Cluster x has no security group in us-east-1
  → List clusters: tm list
  → Create it: tm up --cluster x
  → If it was created with --security-group, change the rules of that group
`,
      exitCode: 1,
    })
    const { dataDir, close } = await makeWorld({ cluster: 'x' })
    const { stderr, exitCode } = await laptop.tm(['allow-ip', '--cluster', 'x'], { dataDir })
    expect(stderr).toBe(`Error: Cluster x is on this machine and has no security group
  → For a cluster of the same name on EC2: tm allow-ip --region REGION --cluster x
`)
    expect(exitCode).toBe(2)
    await close()
  })
})
