/** What `tm up` on EC2 refuses, and why AWS refuses it: each with a cause and a way out. */
import { rmSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import { again, renderSuggestion, suggest, tm } from '../../../src/core/suggestions.ts'
import { operatorPolicy } from '../../../src/provider/ec2/iam/policies.ts'
import { planLocal } from '../../../src/provider/local/cluster/up.ts'
import type { Ec2Record } from '../../../src/state/cluster-record.ts'
import type { GivenOptions } from '../../aws/options.ts'
import { type Laptop, openLaptop, withoutIds } from './laptop.ts'

let laptop: Laptop
afterEach(() => laptop.close())

const up = ['up', '--yes', '--allow-cidr', '203.0.113.7']

/** What is said after the last step, in a new account. */
async function refusal(
  given: GivenOptions,
  argv: string[],
  env: Record<string, string> = {},
): Promise<{ error: string; exitCode: number }> {
  laptop = await openLaptop(given)
  const { stderr, exitCode } = await laptop.tm(argv, { env: { ...laptop.env, ...env } })
  return { error: stderr.slice(stderr.indexOf('Error:')), exitCode }
}

describe('flags', () => {
  it('that are wrong are named all at once', async () => {
    const { error, exitCode } = await refusal({}, [
      ...['up', '--instance-type', 'big', '--worker-type', ',', '--volume-size', '7', '--ttl=9m'],
      ...['--subnet', 'default', '--ami', 'al2023', '--permissions-boundary', 'Bound'],
      ...['--instance-profile', 'arn:aws:iam::1:instance-profile/x', '--nodes', '21'],
      ...['--allow-cidr', '10.0.0.1/8', '--lease', 'x', '--tag', 'aws:x=1'],
    ])
    expect(
      error,
    ).toBe(`Error: --lease must be a duration such as 500ms, 15s, 10m or 2h, from 300ms to 1h, not "x"
--nodes must be a whole number from 1 to 20, not "21"
--instance-type must be types such as t4g.small,t3.small, not "big"
--worker-type must be types such as t4g.small,t3.small, not ","
--subnet must be an id such as subnet-0ab1, not "default"
--allow-cidr: "10.0.0.1/8" has bits set beyond its first 8
--ami must be an id such as ami-0ab1, not "al2023"
--volume-size must be a whole number from 8 to 16384, not "7"
--ttl must be a duration such as 30m or 8h, from 10m to 720h, not "9m"
--permissions-boundary must be a policy's ARN, not "Bound"
--instance-profile must be a name, not an ARN, not "arn:aws:iam::1:instance-profile/x"
--tag must not begin with aws: or tm:, not "aws:x=1"
`)
    expect(exitCode).toBe(2)
    expect(laptop.standin.calls).toEqual([])
  })

  it('of EC2 are refused with --local, unless they come from the environment', async () => {
    const argv = ['up', '--local', '--region', 'us-east-1', '--spot', '--dry-run']
    expect(await refusal({}, argv)).toEqual({
      error: `Error: Only for clusters on EC2: --region, --spot, --dry-run
  → Leave out --local, or --region, --spot, --dry-run
  → See the usage: add --help
`,
      exitCode: 2,
    })
    await laptop.close()
    const env = { TM_INSTANCE_TYPE: 'wrong', TM_ALLOW_CIDR: 'wrong' }
    const { error } = await refusal({}, ['up', '--local', '--nodes', '0'], env)
    expect(error).toBe('Error: --nodes must be a whole number from 1 to 20, not "0"\n')
  })

  it('may come from the environment, with commas', async () => {
    const env = { TM_ALLOW_CIDR: '10.0.0.0/8,203.0.113.7', TM_INSTANCE_TYPE: 't3.nano' }
    laptop = await openLaptop()
    const { stdout } = await laptop.tm(['up', '--dry-run'], { env: { ...laptop.env, ...env } })
    expect(stdout).toContain('port 8443 for 10.0.0.0/8, 203.0.113.7/32 and itself')
    expect(stdout).toContain('node, t3.nano')
  })

  it.each([
    ['us-east-1a', 'That is a zone; use its region: --region us-east-1'],
    ['Virginia', 'For example: --region us-east-1'],
  ])('--region is not %s', async (region, fix) => {
    const error = `Error: "${region}" is not an AWS region\n  → ${fix}\n`
    expect(await refusal({}, [...up, '--region', region])).toEqual({ error, exitCode: 2 })
  })
})

describe('another cluster of this name', () => {
  it('on this machine stays alone', async () => {
    laptop = await openLaptop()
    laptop.clusterState('x').create()
    laptop.clusterState('x').write({ cluster: 'x', provider: 'local', nodes: [], createdAt: 0 })
    expect(await laptop.tm([...up, '--cluster', 'x'])).toEqual({
      stdout: '',
      stderr: `Error: Cluster x is on this machine, not on EC2
  → Complete or change it: tm up --local --cluster x
  → Or use another name for a cluster on EC2: tm up --cluster NAME
`,
      exitCode: 1,
    })
    expect(laptop.standin.calls).toEqual([])
  })

  it('on EC2 keeps its name from one on this machine', async () => {
    laptop = await openLaptop()
    await laptop.up()
    const wanted = { nodes: 1, choices: {} }
    expect(() => planLocal(laptop.clusterState(), wanted)).toThrowError(
      expect.objectContaining({
        code: 'conflict',
        message: 'Cluster default is on EC2, in us-east-1',
      }),
    )
  })

  it('in another region or account is not mixed up with it', async () => {
    laptop = await openLaptop()
    await laptop.up()
    const { stderr } = await laptop.tm([...up, '--region', 'eu-west-1'])
    expect(stderr).toBe(`Error: Cluster default is in us-east-1, not eu-west-1
  → Complete or change it: tm up --region us-east-1
  → Or use another name: tm up --cluster NAME --region eu-west-1
`)
    // Where it was made counts more than where the shell happens to be.
    const elsewhere = { ...laptop.env, AWS_REGION: 'eu-west-1' }
    const { stdout } = await laptop.tm(['up', '--dry-run'], { env: elsewhere })
    expect(stdout).toContain('Cluster default in us-east-1')

    const state = laptop.clusterState()
    state.write({ ...(state.read() as Ec2Record), account: '999999999999' })
    const other = await laptop.tm(up)
    expect(other.stderr).toContain(
      'Error: Cluster default is in account 999999999999, and you are arn:aws:iam::123456789012:user/operator\n',
    )
    expect(other.exitCode).toBe(1)
    expect(laptop.standin.instances()).toHaveLength(2)
  })

  it('made by another machine needs its secret', async () => {
    laptop = await openLaptop()
    await laptop.up({ nodes: 1 })
    const { stderr, exitCode } = await laptop.other().tm(up)
    expect(
      stderr.slice(stderr.indexOf('Error:')),
    ).toBe(`Error: Cluster default was created on another machine, which has its secret: node-1 (i-ID) in us-east-1
  → Use the machine that created it
  → Or remove it, which needs no secret: tm down --region us-east-1
  → Or use another name: tm up --cluster NAME
`)
    expect(exitCode).toBe(1)
  })
})

describe('AWS', () => {
  const rows: [string, GivenOptions, string[], Record<string, string>, RegExp][] = [
    ['no region', {}, [], { AWS_REGION: '' }, /^Error: No AWS region configured\n/],
    [
      'no credentials',
      {},
      [],
      { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' },
      /no AWS credentials found\n {2}→ Set them up: aws configure .*\n.*\n {2}→ Then: tm up\n {2}→ Or run the cluster on this machine: tm up --local\n$/,
    ],
    [
      'wrong credentials',
      {},
      [],
      { AWS_SECRET_ACCESS_KEY: 'wrong' },
      /AWS does not accept the credentials in us-east-1\n/,
    ],
    ['no default VPC', { vpcs: [] }, [], {}, /There is no default VPC in us-east-1\n/],
    [
      'a quota',
      { vcpuQuota: 1 },
      [],
      {},
      /\(L-1216C47A\) of 1 vCPUs in us-east-1 is too small: 0 are /,
    ],
    [
      'a type that the region does not have',
      {},
      ['--instance-type', 'z9.huge'],
      {},
      /^Error: No zone with a usable subnet \(us-east-1a.*\) has z9.huge\n/,
    ],
    [
      'an image of another architecture',
      {},
      ['--ami', 'ami-012b0100000000000', '--worker-type', 'c7g.large,m7g.large'],
      {},
      /^Error: c7g.large and m7g.large are arm64, but image ami-ID is x86_64\n/,
    ],
    ['an image that is not there', {}, ['--ami', 'ami-0fff'], {}, /ami-0fff.*\n/],
  ]
  it.each(rows)('%s', async (_, given, argv, env, text) => {
    const { error, exitCode } = await refusal(given, [...up, ...argv], env)
    expect(error).toMatch(text)
    expect(error).toMatch(/\n {2}→ .*\n$/)
    expect(exitCode).toBeGreaterThan(0)
  })

  it('an image leaves out the types that can not boot it', async () => {
    laptop = await openLaptop()
    const ami = 'ami-012b0100000000000'
    const { stdout } = await laptop.tm(['up', '--dry-run', ...up.slice(2), '--ami', ami])
    expect(stdout).toContain('node, t3.small')
    expect(stdout).toContain('worker, c7i.large')
  })

  it('an image of workers leaves out types of workers, and nodes boot the newest', async () => {
    laptop = await openLaptop()
    const workerAmi = 'ami-012b0100000000000'
    const argv = ['up', '--dry-run', ...up.slice(2), '--worker-ami', workerAmi]
    const { stdout, stderr } = await laptop.tm(argv)
    expect(stdout).toContain('node, t4g.small')
    expect(stdout).toContain('worker, c7i.large')
    expect(stderr).toMatch(/image: .*-arm64\), .*-x86_64\)/)
    await laptop.up({ choices: { allowCidrs: ['203.0.113.7/32'], workerAmi } })
    const [node] = laptop.standin.instances()
    expect(node?.imageId).toBe('ami-012b1100000000000')
    const { json } = await laptop.json(['policy', 'node'])
    const resources = JSON.stringify(json)
    expect(resources).toContain(`image/${workerAmi}`)
    expect(resources.match(/image\/ami-/g)).toHaveLength(1)
  })

  it('a missing right, named with what it is for', async () => {
    laptop = await openLaptop()
    const place = { account: laptop.standin.account, partition: 'aws', region: 'us-east-1' }
    const policy = operatorPolicy(place) as { Statement: { Sid: string }[] }
    const Statement = policy.Statement.filter(({ Sid }) => Sid !== 'MakeTaggedGroups')
    laptop.standin.setOperatorPolicy({ ...policy, Statement })
    const { stderr, exitCode } = await laptop.tm([...up, '--cluster', 'x'])
    expect(stderr).toMatch(/✖ security group \(N s\)\nError: Creating the security group failed: /)
    expect(stderr).toContain('user/operator may not ec2:CreateSecurityGroup on ')
    expect(stderr).toContain('  → Then: tm up --cluster x\n')
    expect(exitCode).toBe(1)
  })

  it('no capacity anywhere', async () => {
    laptop = await openLaptop()
    for (const zone of 'abc') laptop.standin.setCapacity(`t4g.small:us-east-1${zone}`, false)
    const choices = { allowCidrs: ['203.0.113.7/32'], instanceTypes: ['t4g.small'] }
    await expect(laptop.up({ choices })).rejects.toThrow(
      /^node-1 was not launched: AWS has no capacity/,
    )
    for (const zone of 'abc') laptop.standin.setCapacity(`t4g.small:us-east-1${zone}`, true)
    expect((await laptop.up({ choices: {} })).nodes).toHaveLength(2)
  })

  it('a quota that is used up on the way: says what runs, and fewer nodes then do', async () => {
    laptop = await openLaptop()
    // Others have used it up while the first node was launched.
    const usedUp = { action: 'RunInstances', code: 'VcpuLimitExceeded' }
    laptop.standin.onCall('RunInstances', () => void laptop.standin.fail(usedUp), 'after')
    const error = await laptop.up().catch((thrown) => thrown)
    const [one] = laptop.standin.instances()
    expect(renderSuggestion(error.suggestions.at(-1))).toMatch(
      new RegExp(`^Running now, for 0\\.0\\d+ \\$/h: node-1 \\(${one?.id}\\)\\. End it: tm down$`),
    )
    const fewer = await laptop.up({ nodes: 1, choices: {} })
    expect(fewer.nodes.map(({ instance }) => instance)).toEqual([one?.id])
    expect(laptop.clusterState().read()?.nodes).toHaveLength(1)
  })

  it('a quota that leaves no room for a worker, before anything is made', async () => {
    laptop = await openLaptop({ vcpuQuota: 5 })
    const { stderr, exitCode } = await laptop.tm(up)
    expect(stderr.slice(stderr.indexOf('Error:'))).toBe(
      `Error: The quota "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances" (L-1216C47A) of 5 vCPUs in us-east-1 is too small: 0 are in use, and there is no room for 2 nodes (t4g.small: 2 vCPUs each) and a worker (c7g.large: 2). Nothing was created
  → Use fewer nodes: tm up --nodes 1
  → Or smaller types: --instance-type, --worker-type
  → Or request an increase: aws service-quotas request-service-quota-increase --service-code ec2 --quota-code L-1216C47A --desired-value N --region us-east-1
`,
    )
    expect(exitCode).toBe(1)
    expect(laptop.standin.leftovers()).toEqual([])
    expect(laptop.clusterState().exists()).toBe(false)
    const choices = { allowCidrs: ['203.0.113.7/32'] }
    const { plan } = await laptop.dryRun({ nodes: 1, choices })
    expect(plan.notes).toContain(
      'The quota "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances" (L-1216C47A) leaves room for 1 of 5 workers',
    )
    await laptop.up({ nodes: 1, choices })
  })

  it('a quota that may not be looked up is no obstacle, and said', async () => {
    laptop = await openLaptop()
    const all = { Effect: 'Allow', Action: '*', Resource: '*' }
    const Statement = [all, { ...all, Effect: 'Deny', Action: 'servicequotas:*' }]
    laptop.standin.setOperatorPolicy({ Version: '2012-10-17', Statement })
    const { stdout, exitCode } = await laptop.tm(['up', '--dry-run', ...up.slice(2)])
    expect(stdout).toMatch(/The vCPU quotas were not compared: .* may not servicequotas:GetService/)
    expect(exitCode).toBe(0)
  })

  it('an interruption after a launch names what was launched', async () => {
    laptop = await openLaptop()
    const stop = new AbortController()
    laptop.standin.onCall('RunInstances', () => stop.abort(), 'after')
    const first = await laptop.up({ signal: stop.signal }).catch((thrown) => thrown)
    expect(renderSuggestion(first.suggestions.at(-1))).toBe(
      'Launched so far, and charged: node-1 (if AWS has launched it). End it: tm down',
    )
  })

  it('a stopped node is named at once, with what starts it', async () => {
    laptop = await openLaptop()
    await laptop.up({ nodes: 1 })
    const [one] = laptop.standin.instances()
    const { world } = laptop.standin
    const instance = world.instances.get(one?.id ?? '')
    if (instance) instance.state = 'stopped'
    const error = await laptop.up({ choices: {} }).catch((thrown) => thrown)
    expect(error.message).toBe(`node-1 (${one?.id}) is stopped`)
    expect(error.suggestions[0]).toBe(
      `Start it: aws ec2 start-instances --region us-east-1 --instance-ids ${one?.id}`,
    )
  })

  it('credentials that expire on the way', async () => {
    laptop = await openLaptop()
    laptop.standin.fail({ action: 'CreateRole', code: 'ExpiredToken', message: 'expired' })
    await expect(laptop.up()).rejects.toMatchObject({
      message: expect.stringMatching(/the AWS credentials have expired$/),
      suggestions: [
        'Log in again: aws sso login (or aws login)',
        ['Then: ', again],
        suggest`No machine runs, so nothing is charged. Remove what was created: ${tm('down')}`,
      ],
    })
    expect((await laptop.up()).nodes).toHaveLength(2)
  })
})

describe('an interruption', () => {
  it.each([
    ['GetCallerIdentity', 'Interrupted; nothing was created'],
    ['PutRolePolicy', 'Interrupted; what was created so far still exists'],
  ])('at %s says what is there', async (action, message) => {
    laptop = await openLaptop()
    const stop = new AbortController()
    const remove = laptop.standin.onCall(action, () => stop.abort())
    await expect(laptop.up({ signal: stop.signal })).rejects.toMatchObject({ message })
    remove()
    expect((await laptop.up()).nodes).toHaveLength(2)
  })
})

it('a damaged journal is named, and needed by nobody', async () => {
  laptop = await openLaptop()
  await laptop.up()
  const file = laptop.clusterState().path('intents.json')
  const { writeFileSync } = await import('node:fs')
  writeFileSync(file, '[{')
  await expect(laptop.up()).rejects.toMatchObject({
    code: 'damaged',
    suggestions: [suggest`The tags in AWS say the same: remove it, then ${tm('up')}`],
  })
  rmSync(file)
  expect(withoutIds((await laptop.up()).nodes[0]?.instance ?? '')).toBe('i-ID')
  expect(laptop.standin.instances()).toHaveLength(2)
})
