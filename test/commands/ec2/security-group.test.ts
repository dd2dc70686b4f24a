/** `--security-group`: a group that somebody else has made is used as it is, and outlives the cluster. */
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  CreateTagsCommand,
  EC2Client,
  type IpPermission,
  RevokeSecurityGroupEgressCommand,
} from '@aws-sdk/client-ec2'
import { afterEach, expect, it } from 'vitest'
import { readChoices } from '../../../src/cli/flags/ec2.ts'
import type { ListedCluster } from '../../../src/provider/cluster.ts'
import { connectAws, disconnectAws } from '../../../src/provider/ec2/aws/connect.ts'
import type { BootNodes } from '../../../src/provider/ec2/cluster/bootstrap.ts'
import { ec2Provider } from '../../../src/provider/ec2/ec2.ts'
import { operatorPolicy } from '../../../src/provider/ec2/iam/policies.ts'
import type { Ec2Record } from '../../../src/state/cluster-record.ts'
import { withDefaults } from '../../aws/options.ts'
import { fastRetry } from '../../provider/ec2/account.ts'
import { booted, type Laptop, openLaptop } from './laptop.ts'

let laptop: Laptop
afterEach(() => laptop?.close())

const operator = '203.0.113.7/32'
const allowCidrs = [operator]
const place = { account: '123456789012', partition: 'aws', region: 'us-east-1' }

function client(): EC2Client {
  const { url: endpoint, region, operator: credentials } = laptop.standin
  return new EC2Client({ endpoint, region, credentials })
}

async function makeGroup(...rules: (IpPermission | 'itself')[]): Promise<string> {
  const ec2 = client()
  const made = await ec2.send(
    new CreateSecurityGroupCommand({ GroupName: 'ours', Description: 'of the network team' }),
  )
  const GroupId = made.GroupId as string
  const tcp = { IpProtocol: 'tcp', FromPort: 8443, ToPort: 8443 }
  const IpPermissions = rules.map((rule) =>
    rule === 'itself' ? { ...tcp, UserIdGroupPairs: [{ GroupId }] } : { ...tcp, ...rule },
  )
  // A new group is not to be seen at once.
  const authorize = new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions })
  for (let done = rules.length === 0; !done; ) {
    done = await ec2.send(authorize).then(
      () => true,
      () => false,
    )
  }
  return GroupId
}

type Shapes = Parameters<typeof ec2Provider>[0]['shapes']

/** As a node does. */
async function launchWorker(shapes: Shapes): Promise<void> {
  const { url: endpoint, region, operator: credentials } = laptop.standin
  const aws = await connectAws({ endpoint, region, credentials, retry: fastRetry })
  const provider = ec2Provider({ aws, cluster: 'default', shapes, bootScript: () => '#!' })
  const reach = { node: 'node-1', url: 'https://172.31.0.4:8443', token: 'of nobody' }
  await provider.launch({ id: 'node-1-w-1', kind: 'worker', ...reach })
  disconnectAws(aws)
}

const fromOperator = { IpRanges: [{ CidrIp: '203.0.113.0/24' }] }
const rulesOf = (id: string) => laptop.standin.world.groups.get(id)?.rules.map(({ id }) => id)
/** Of the machines of a kind. */
const groupsOf = (kind: string) =>
  laptop.standin
    .instances()
    .filter(({ tags, state }) => tags['tm:kind'] === kind && state !== 'terminated')
    .map(({ groupIds }) => groupIds)

it('is the group of nodes and workers, is never changed, and stays when the cluster goes', async () => {
  laptop = await openLaptop()
  const group = await makeGroup('itself', fromOperator)
  const before = rulesOf(group)
  const made = laptop.standin.calls.length
  // The network team makes groups, not the operator.
  laptop.standin.setOperatorPolicy(operatorPolicy(place, { group }))
  let shapes: Shapes = {}
  const boot: BootNodes = (machines, infrastructure, context) => {
    shapes = infrastructure.shapes
    return booted(machines, infrastructure, context)
  }
  await laptop.up({ nodes: 1, boot, choices: { allowCidrs, securityGroup: group } })
  expect((laptop.clusterState().read() as Ec2Record).choices.securityGroup).toBe(group)

  // Later commands need not be told again.
  await laptop.up({ nodes: 2, boot, choices: {} })
  expect(groupsOf('node')).toEqual([[group], [group]])
  await launchWorker(shapes)
  expect(groupsOf('worker')).toEqual([[group]])

  const { json } = await laptop.json<{ clusters: ListedCluster[] }>(['list'])
  expect(json.clusters).toMatchObject([{ cluster: 'default', nodes: 2, whole: true }])
  const role = laptop.standin.world.roles.get('tm-us-east-1-default')
  expect((await laptop.json(['policy', 'node'])).json).toEqual(
    JSON.parse(role?.policies.get('tm-node')?.text ?? ''),
  )
  expect((await laptop.json(['policy', 'operator'])).json).toEqual(operatorPolicy(place, { group }))

  const down = await laptop.json<{ removed: { kind: string }[] }>(['down', '--yes'])
  expect(down.exitCode).toBe(0)
  const kinds = down.json.removed.map(({ kind }) => kind).sort()
  expect(kinds).toEqual(['node', 'node', 'profile', 'role', 'worker'])
  expect(rulesOf(group)).toEqual(before)
  const after = laptop.standin.calls.slice(made).map(({ action }) => action)
  expect(after.filter((one) => /SecurityGroup/.test(one) && !/^Describe/.test(one))).toEqual([])
})

it('is in the plan, which is all that --dry-run makes', async () => {
  laptop = await openLaptop()
  const group = await makeGroup('itself', fromOperator)
  const argv = ['up', '--dry-run', '--allow-cidr', operator, '--security-group', group]
  const { stdout, stderr } = await laptop.tm(argv)
  expect(stderr).toContain('✔ security group: sg-ID, which stays as it is (N s)\n')
  expect(stdout).toContain('  the security group sg-ID in vpc-ID, which tm does not change\n')
  const { json } = await laptop.json<{ plan: object }>(argv)
  expect(json.plan).toMatchObject({ group, ownGroup: false })
})

const nothingMade = () => {
  expect(laptop.standin.instances()).toEqual([])
  expect(laptop.standin.world.roles.size).toBe(0)
  expect(laptop.clusterState().exists()).toBe(false)
}

it('is refused with all the rules that it lacks, before anything is made', async () => {
  laptop = await openLaptop()
  const group = await makeGroup({ IpRanges: [{ CidrIp: '198.51.100.0/24' }] })
  const everywhere = { IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] }
  await client().send(
    new RevokeSecurityGroupEgressCommand({ GroupId: group, IpPermissions: [everywhere] }),
  )
  const cidrs = `${operator},2001:db8::/32`
  const argv = ['up', '--yes', '--allow-cidr', cidrs, '--security-group', group]
  const { stderr, exitCode } = await laptop.tm(argv)
  const add = (direction: string, port: number, source: string) =>
    `  → aws ec2 authorize-security-group-${direction} --region us-east-1 --group-id sg-ID --ip-permissions 'IpProtocol=tcp,FromPort=${port},ToPort=${port},${source}'\n`
  expect(stderr.slice(stderr.indexOf('Error: '))).toBe(
    `Error: Security group sg-ID does not let through what a cluster needs: ${[
      ...['from sg-ID to port 8443', 'from 203.0.113.7/32 to port 8443'],
      ...['from 2001:db8::/32 to port 8443', 'out to 0.0.0.0/0, port 443'],
      'out to sg-ID, port 8443',
    ].join('; ')}
  → tm changes no group that it has not made. Add the rules:
${[
  add('ingress', 8443, 'UserIdGroupPairs=[{GroupId=sg-ID}]'),
  add('ingress', 8443, 'IpRanges=[{CidrIp=203.0.113.7/32}]'),
  add('ingress', 8443, 'Ipv6Ranges=[{CidrIpv6=2001:db8::/32}]'),
  add('egress', 443, 'IpRanges=[{CidrIp=0.0.0.0/0}]'),
  add('egress', 8443, 'UserIdGroupPairs=[{GroupId=sg-ID}]'),
].join('')}  → Or, if you reach the nodes from other addresses: --allow-cidr
  → Or let tm make a group: tm up without --security-group
`,
  )
  expect(exitCode).toBe(1)
  nothingMade()
})

it('is refused if it is not there, of another VPC, or made by tm', async () => {
  const cidr = '10.0.0.0/16'
  const subnets = [{ zone: 'us-east-1a', cidr: '10.0.0.0/20', publicAddresses: true }]
  const { vpcs } = withDefaults()
  laptop = await openLaptop({
    vpcs: [...vpcs, { cidr, isDefault: false, internet: true, subnets }],
  })
  const group = await makeGroup('itself', fromOperator)
  const up = async (...argv: string[]) =>
    (await laptop.tm(['up', '--yes', '--allow-cidr', operator, ...argv])).stderr
  expect(await up('--security-group', 'sg-0123456789abcdef0')).toContain(
    'Error: There is no security group sg-ID in us-east-1\n  → List them: aws ec2 describe-',
  )
  const other = laptop.standin.world.network.subnets.find((one) => one.cidr === '10.0.0.0/20')
  expect(await up('--security-group', group, '--subnet', `${other?.id}`)).toMatch(
    /Error: Security group sg-ID is in vpc-ID, the subnets in vpc-ID\n {2}→ Name subnets of vpc-ID/,
  )
  const Tags = [{ Key: 'tm:cluster', Value: 'other' }]
  await client().send(new CreateTagsCommand({ Resources: [group], Tags }))
  expect(await up('--security-group', group)).toContain(
    'Error: Security group sg-ID was made by tm for cluster other, and tm down removes it',
  )
  nothingMade()
  expect(() => readChoices({ 'security-group': 'ours' })).toThrow(
    '--security-group must be an id such as sg-0ab1, not "ours"',
  )
})

it('stays that of a cluster as long as the cluster is there; allow-ip leaves it alone', async () => {
  laptop = await openLaptop()
  const group = await makeGroup('itself', fromOperator)
  await laptop.up({ nodes: 1, choices: { allowCidrs } })
  await expect(laptop.up({ choices: { securityGroup: group } })).rejects.toThrow(
    `The machines of cluster default are in a security group of tm, and can't change to ${group}`,
  )
  await laptop.tm(['down', '--yes'])
  await laptop.up({ nodes: 1, choices: { allowCidrs, securityGroup: group } })
  await expect(laptop.up({ choices: { securityGroup: 'sg-1' } })).rejects.toThrow(
    `The machines of cluster default are in ${group}, and can't change to sg-1`,
  )
  const rules = rulesOf(group)
  const { stderr, exitCode } = await laptop.tm(['allow-ip', '--cidr', '192.0.2.1'])
  expect(stderr).toBe(
    `Error: The machines of cluster default are in security group sg-ID, which tm does not change
  → Open it: aws ec2 authorize-security-group-ingress --region us-east-1 --group-id sg-ID --protocol tcp --port 8443 --cidr 192.0.2.1/32
`,
  )
  expect(exitCode).toBe(1)
  expect(rulesOf(group)).toEqual(rules)
})
