/** `tm up` on EC2: what it shows and asks before it makes anything, and what a second one changes. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Shape } from '../../../src/api/contract/terms.ts'
import type { Settings } from '../../../src/core/settings.ts'
import { connectAws, disconnectAws } from '../../../src/provider/ec2/aws/connect.ts'
import type { BootNodes } from '../../../src/provider/ec2/cluster/bootstrap.ts'
import { ec2Provider } from '../../../src/provider/ec2/ec2.ts'
import type { Ec2Record } from '../../../src/state/cluster-record.ts'
import { fastRetry } from '../../provider/ec2/account.ts'
import { booted, configured, type Laptop, opened, openLaptop } from './laptop.ts'

const asked: { message: string }[] = []
let answer: unknown = false
vi.mock('@inquirer/prompts', () => {
  const ask = async (question: { message: string }) => {
    asked.push(question)
    return answer
  }
  return { confirm: ask, select: ask }
})

let laptop: Laptop
beforeEach(async () => {
  laptop = await openLaptop()
  asked.length = 0
  answer = false
})
afterEach(async () => {
  await laptop.close()
  vi.unstubAllGlobals()
})

const here = ['--allow-cidr', '203.0.113.7']
const images = ['arm64', 'x86_64'].map(
  (architecture) => `ami-ID (al2023-ami-2023.12.20261105.0-kernel-6.1-${architecture})`,
)
const looked = `✔ credentials and account: arn:aws:iam::123456789012:user/operator, account 123456789012, us-east-1 (N s)
✔ network: vpc-ID, us-east-1a, us-east-1b, us-east-1c (N s)
✔ image: ${images.join(', ')} (N s)
`
const quota = '✔ vCPU quota: 32, 0 in use (N s)\n'
const plan = `Cluster default in us-east-1, account 123456789012, with all workers that its limits allow:
  2 ×   node, t4g.small         0.034 $/h
  10 ×  worker, c7g.large       0.72 $/h
  12 ×  public IPv4 address     0.06 $/h
  12 ×  disk, 8 GiB             0.011 $/h
  2 ×   CPU credits, t4g.small  0.16 $/h
  security group tm-default in vpc-ID: port 8443 for 203.0.113.7/32 and itself
  role and instance profile tm-us-east-1-default for the nodes
0.045 $/h without work, at most 1.20 $/h with 10 workers
An estimate from on-demand prices in us-east-1, written down from memory on 2025-06-01; excludes traffic and taxes.
CPU credits of t4g.small are charged only while the load is above its baseline.
The maximum counts the most expensive type: t3.small where AWS has no capacity for t4g.small; c7i.large or m7g.large where AWS has no capacity for c7g.large.
Workers stay for 10m after the last task, which costs 0.13 $ for 10 workers; with --policy target they leave sooner.
Without --ttl a node ends when no command has asked it for a day, but not while a task waits or runs there, or a result was never pulled.
Whoever has the admin token runs programs on the workers (tm run); --no-commands refuses them.
`
/** An organization that demands this tag on what is launched and created. */
const demand = (key: string) => {
  const Condition = { Null: { [`aws:RequestTag/${key}`]: 'true' } }
  const deny = (Action: string, ...resources: string[]) => ({
    ...{ Effect: 'Deny' as const, Action, Condition },
    Resource: resources.map((one) => `arn:aws:${one}`),
  })
  return {
    Version: '2012-10-17' as const,
    Statement: [
      deny('ec2:RunInstances', 'ec2:*:*:instance/*', 'ec2:*:*:volume/*'),
      deny('ec2:CreateSecurityGroup', 'ec2:*:*:security-group/*'),
      deny('iam:CreateRole', 'iam::*:role/tm/*'),
    ],
  }
}
const nothingMade = () => {
  expect(laptop.standin.leftovers()).toEqual([])
  expect(laptop.clusterState().exists()).toBe(false)
}
const record = () => laptop.clusterState().read() as Ec2Record

describe('before anything is made', () => {
  it('--dry-run shows it and stops', async () => {
    expect(await laptop.tm(['up', '--dry-run', ...here])).toEqual({
      stdout: plan,
      stderr: looked + quota,
      exitCode: 0,
    })
    nothingMade()
  })

  it('--dry-run --json is `{cluster, provider, plan}`', async () => {
    const { json, exitCode } = await laptop.json(['up', '--dry-run', '--max-workers', '2', ...here])
    expect(exitCode).toBe(0)
    expect(json).toMatchObject({
      cluster: 'default',
      provider: 'ec2',
      plan: {
        nodes: [{ id: 'node-1' }, { id: 'node-2' }],
        maxWorkers: 2,
        cidrs: ['203.0.113.7/32'],
        hourly: { now: 0.0454, atMost: expect.any(Number) },
      },
    })
    nothingMade()
  })

  it('it refuses without a terminal, and says what to do', async () => {
    expect(await laptop.tm(['up', ...here])).toEqual({
      stdout: '',
      stderr: `${looked}${quota}${plan}Error: Nothing was created: there is no terminal to ask on
  → Create it without asking: tm up --yes
  → Show the plan only: tm up --dry-run
`,
      exitCode: 1,
    })
    nothingMade()
  })

  it('it suggests commands for the very cluster and region', async () => {
    const { json, exitCode } = await laptop.json<{ error: { suggestions: string[] } }>([
      ...['up', '--cluster', 'x', '--region', 'us-east-1'],
      ...here,
    ])
    expect(exitCode).toBe(1)
    expect(json.error.suggestions).toEqual([
      'Create it without asking: tm up --yes --cluster x --region us-east-1',
      'Show the plan only: tm up --dry-run --cluster x --region us-east-1',
    ])
    nothingMade()
  })

  it('it asks on a terminal, and stops at no', async () => {
    const { stderr, exitCode } = await laptop.tm(['up', ...here], { terminal: true })
    expect(stderr).toBe(`${looked}${quota}${plan}Error: Nothing was created\n`)
    expect(exitCode).toBe(1)
    const until = 'Yes, and end all machines after 8h (a later tm up --ttl changes that)'
    expect(asked).toEqual([
      {
        message: 'Create it?',
        choices: [
          { name: 'No', value: false },
          { name: until, value: 'until' },
          { name: 'Yes, and keep them until tm down', value: true },
        ],
      },
    ])
    const ttl = await laptop.tm(['up', '--ttl', '2h', ...here], { terminal: true })
    expect(ttl.stderr).toContain('  all machines end by themselves after 2h\n')
    expect(asked[1]).toEqual({ message: 'Create it?', default: false })
    nothingMade()
  })

  it('the answer may give it an end, which is remembered', async () => {
    await laptop.up({ confirm: async () => ({ ttlMs: 8 * 3_600_000 }) })
    expect(record()).toMatchObject({ endsAt: 1000 + 8 * 3_600_000 })
    expect(record().choices.ttl).toBe(8 * 3_600_000)
    await laptop.up({ choices: {} })
    expect(record()).toMatchObject({ endsAt: 1000 + 8 * 3_600_000 })
  })

  it('it says that a price is not known', async () => {
    const argv = ['up', '--dry-run', '--worker-type', 'c6i.large', ...here]
    const { stdout } = await laptop.tm(argv)
    expect(stdout).toContain('  10 ×  worker, c6i.large       price not known\n')
    expect(stdout).toContain('0.045 $/h without work, at most an unknown price with 10 workers\n')
    expect(stdout).toContain('No price known for c6i.large.\n')
  })

  it('it makes the secret and the record, then everything', async () => {
    const { standin } = laptop
    let known = false
    standin.onCall('CreateSecurityGroup', () => {
      known = laptop.clusterState().secret().length === 32 && record().account === standin.account
    })
    await laptop.up()
    expect(known).toBe(true)
    expect(standin.instances().map(({ state }) => state)).toEqual(['running', 'running'])
  })
})

describe('a cluster', () => {
  it('is remembered with what it takes to talk to it', async () => {
    const result = await laptop.up()
    const [one, two] = laptop.standin.instances()
    expect(result).toEqual({
      cluster: 'default',
      provider: 'ec2',
      region: 'us-east-1',
      nodes: [
        { id: 'node-1', url: `https://${one?.publicIp}:8443`, instance: one?.id },
        { id: 'node-2', url: `https://${two?.publicIp}:8443`, instance: two?.id },
      ],
      maxWorkers: 5,
    })
    const certificate = `certificate of ${one?.id}`
    expect(record()).toMatchObject({
      provider: 'ec2',
      region: 'us-east-1',
      account: '123456789012',
      port: 8443,
      createdAt: 1000,
      nodes: [{ ...result.nodes[0], certificate }, { id: 'node-2' }],
    })
  })

  it('is shown with its steps in order', async () => {
    await laptop.up()
    expect(laptop.steps.map((step) => step.split(':')[0])).toEqual([
      ...['credentials and account', 'network', 'image', 'vCPU quota', 'security group'],
      ...['role, policy, profile', 'instance 1', 'instance 2', 'public addresses'],
      'limits and siblings',
    ])
  })

  it('stays as it is when asked again, and gets what is new', async () => {
    const changed: Partial<Settings>[] = []
    const spots: boolean[] = []
    const boot: BootNodes = (machines, infrastructure, context) => {
      spots.push(infrastructure.shapes.worker.spot)
      return booted(machines, infrastructure, context)
    }
    const configure: typeof configured = (nodes, changes, fresh) => {
      changed.push(changes)
      return configured(nodes, changes, fresh)
    }
    const stub = { boot, configure }
    const choices = { allowCidrs: ['203.0.113.7/32'], spot: true, settings: { maxWorkers: 3 } }
    const first = await laptop.up({ ...stub, choices })
    const second = await laptop.up({ ...stub, choices: {} })
    expect(second).toEqual(first)
    const third = await laptop.up({
      ...stub,
      nodes: 3,
      choices: { settings: { scaleAfter: 1000 } },
    })
    expect(third.nodes.slice(0, 2)).toEqual(first.nodes)
    expect(third.nodes.map(({ id }) => id)).toEqual(['node-1', 'node-2', 'node-3'])
    expect((await laptop.up({ choices: {} })).nodes).toEqual(third.nodes)
    const bootTimeout = 300_000
    expect(changed).toEqual([
      { bootTimeout, maxWorkers: 3 },
      { bootTimeout, maxWorkers: 3 },
      { bootTimeout, maxWorkers: 3, scaleAfter: 1000 },
    ])
    expect(spots).toEqual([true, true, true])
    expect(opened(laptop.standin)).toEqual(['203.0.113.7/32 8443'])
  })

  it('has the tags that were given on everything, also where the organization demands them', async () => {
    const tags = { CostCenter: '42', Owner: 'a b' }
    const choices = { allowCidrs: ['203.0.113.7/32'], spot: true, tags }
    let shape: Shape | undefined
    const boot: BootNodes = (machines, infrastructure, context) => {
      shape = infrastructure.shapes.worker
      return booted(machines, infrastructure, context)
    }
    const demanding = await openLaptop({ serviceControlPolicy: demand('CostCenter') })
    await expect(demanding.up({ choices: { ...choices, tags: {} } })).rejects.toMatchObject({
      message: expect.stringContaining('explicit deny in a service control policy'),
      suggestions: expect.arrayContaining([expect.stringContaining('--tag KEY=VALUE')]),
    })
    await demanding.up({ choices, boot })
    expect(shape?.tags).toEqual(tags)
    const { groups, roles, profiles, volumes, interfaces, instances } = demanding.standin.world
    const own = (all: Iterable<{ tags: Map<string, string>; path?: string; name?: string }>) =>
      [...all].filter(({ path, name }) => name !== 'default' && !path?.startsWith('/aws'))
    const made = [groups, roles, profiles, volumes, interfaces, instances]
    for (const one of made.flatMap((all) => own(all.values()))) {
      expect(Object.fromEntries(one.tags)).toMatchObject(tags)
    }
    // A node launches its workers with them, and with no others.
    const [node] = demanding.standin.instances()
    const credentials = demanding.standin.credentialsFor(node?.id ?? '')
    if (!shape || !credentials) throw new Error('the node has no role')
    const { url: endpoint, region } = demanding.standin
    const aws = await connectAws({ endpoint, region, credentials, retry: fastRetry })
    const launch = (worker: Shape, id: string) =>
      ec2Provider({ aws, cluster: 'default', shapes: { worker }, bootScript: () => '#!' }).launch({
        ...{ id, kind: 'worker', node: 'node-1', url: '', token: '' },
      })
    await launch(shape, 'w1')
    await expect(launch({ ...shape, tags: { ...tags, Other: 'x' } }, 'w2')).rejects.toThrow(
      /may not ec2:CreateTags/,
    )
    const types = shape.types.map((type) => ({ ...type, type: 'c7g.xlarge' }))
    await expect(launch({ ...shape, types }, 'w3')).rejects.toThrow(/may not ec2:RunInstances/)
    disconnectAws(aws)
    await demanding.close()
  })

  it('has nodes that may use the key of the account for disks, which the plan names', async () => {
    const diskKey = 'arn:aws:kms:us-east-1:123456789012:key/0a'
    const own = await openLaptop({ diskKey })
    const { plan: shown } = await own.dryRun()
    expect(shown.notes.at(-1)).toContain(`KMS key ${diskKey}: you need the rights of disk-key.json`)
    let shape: Shape | undefined
    await own.up({
      nodes: 1,
      boot(machines, infrastructure, context) {
        shape = infrastructure.shapes.worker
        return booted(machines, infrastructure, context)
      },
    })
    const [node] = own.standin.instances()
    const credentials = own.standin.credentialsFor(node?.id ?? '')
    if (!shape || !credentials) throw new Error('the node has no role')
    const { url: endpoint, region } = own.standin
    const aws = await connectAws({ endpoint, region, credentials, retry: fastRetry })
    const shapes = { worker: shape }
    const provider = ec2Provider({ aws, cluster: 'default', shapes, bootScript: () => '#!' })
    const worker = (id: string) => ({
      id,
      kind: 'worker' as const,
      node: 'node-1',
      url: '',
      token: '',
    })
    await provider.launch(worker('w1'))
    await vi.waitFor(() => expect(own.standin.instances()[1]?.state).toBe('running'))
    // Somebody has taken the right away: it is named as the likely cause.
    const policies = own.standin.world.roles.get('tm-us-east-1-default')?.policies
    const written = policies?.get('tm-node')
    if (written) {
      const Statement = written.document.Statement.filter(
        ({ Sid }) => Sid !== 'LetEc2UseTheKeyOfDisks',
      )
      policies?.set('tm-node', { ...written, document: { ...written.document, Statement } })
    }
    await provider.launch(worker('w2'))
    await vi.waitFor(() => expect(own.standin.instances()[2]?.state).toBe('terminated'))
    expect(await provider.whyEnded('w2')).toContain('encrypted with a KMS key')
    disconnectAws(aws)
    await own.close()
  })

  it('runs in the subnets that were named, one node in each', async () => {
    const { subnets } = laptop.standin.world.network
    const [, second, third] = subnets.map(({ id }) => id)
    const named = `${third},${second}`
    const { stdout } = await laptop.tm(['up', '--dry-run', '--subnet', named, ...here])
    expect(stdout).toContain('Cluster default in us-east-1')
    const chosen = [third ?? '', second ?? '']
    await laptop.up({ choices: { allowCidrs: ['203.0.113.7/32'], subnets: chosen } })
    expect(laptop.standin.instances().map(({ subnetId }) => subnetId)).toEqual([second, third])
  })

  it('follows other addresses', async () => {
    await laptop.up()
    await laptop.up({ choices: { allowCidrs: ['10.0.0.0/8'] } })
    expect(opened(laptop.standin)).toEqual(['10.0.0.0/8 8443'])
  })

  it('gets another machine for one that is gone, with another certificate', async () => {
    const first = await laptop.up()
    laptop.standin.shutdown(first.nodes[0]?.instance ?? '')
    const gone = first.nodes[0]?.instance
    let shown = ''
    const confirm = async (plan: string) => {
      shown = plan
      return undefined
    }
    const second = await laptop.up({ choices: {}, confirm })
    expect(shown).toContain(`  node-1 (${gone}) is gone, and the data on its disk is lost`)
    expect(second.lost).toEqual([{ id: 'node-1', place: gone }])
    expect(laptop.steps.at(-1)).toBe(
      `node-1 was replaced and is empty; the data on the disk of ${gone} is lost. Enqueue what is missing: tm enqueue --resume …`,
    )
    expect((await laptop.up()).lost).toBeUndefined()
    expect(second.nodes[1]).toEqual(first.nodes[1])
    const instance = second.nodes[0]?.instance
    expect(instance).not.toBe(first.nodes[0]?.instance)
    expect(record().nodes[0]).toMatchObject({ instance, certificate: `certificate of ${instance}` })
  })

  it('is completed when only its secret is left here', async () => {
    const first = await laptop.up({ nodes: 3 })
    laptop.clusterState().write({ ...record(), nodes: [] })
    expect((await laptop.up()).nodes).toEqual(first.nodes)
  })
})

describe('your address', () => {
  const answers = (text: string, status = 200) =>
    (async () => new Response(text, { status })) as typeof fetch

  it('is the only one that gets in', async () => {
    await laptop.up({ choices: {}, fetch: answers('198.51.100.9\n') })
    expect(opened(laptop.standin)).toEqual(['198.51.100.9/32 8443'])
    // It was not said: the next one asks again.
    await laptop.up({ choices: {}, fetch: answers('198.51.100.10\n') })
    expect(opened(laptop.standin)).toEqual(['198.51.100.10/32 8443'])
  })

  it.each([
    ['<html>log in', 200, 'it answered 200 "<html>log in"'],
    ['no', 503, 'it answered 503 "no"'],
  ])('is not taken from %j', async (text, status, why) => {
    vi.stubGlobal('fetch', answers(text, status))
    const { stderr, exitCode } = await laptop.tm(['up', '--yes'])
    expect(exitCode).toBe(1)
    expect(stderr).toBe(`${looked}✖ your address (N s)
Error: Your public address can't be determined: https://checkip.amazonaws.com: ${why}
  → Name the addresses that may reach the nodes: --allow-cidr 203.0.113.7/32
`)
    nothingMade()
  })

  it('has to be said where the service is out of reach', async () => {
    vi.stubGlobal('fetch', async () => {
      throw new TypeError('fetch failed', { cause: new Error('getaddrinfo ENOTFOUND') })
    })
    const { stderr } = await laptop.tm(['up', '--yes'])
    expect(stderr).toContain('checkip.amazonaws.com: getaddrinfo ENOTFOUND\n')
    nothingMade()
  })
})
