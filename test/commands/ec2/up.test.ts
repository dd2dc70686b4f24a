/** `tm up` on EC2: what it shows and asks before it makes anything, and what a second one changes. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { BringContext } from '../../../src/cli/ec2/bring.ts'
import type { Ec2Record } from '../../../src/cli/saved.ts'
import { brought, type Laptop, opened, openLaptop } from './laptop.ts'

const asked: { message: string }[] = []
let answer = false
vi.mock('@inquirer/prompts', () => ({
  confirm: async (question: { message: string }) => {
    asked.push(question)
    return answer
  },
}))

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
const plan = `Cluster default in us-east-1, account 123456789012, with all workers that its limits allow:
  2 ×   node, t4g.small      0.034 $/h
  10 ×  worker, c7g.large    0.72 $/h
  12 ×  public IPv4 address  0.06 $/h
  12 ×  disk, 8 GiB          0.011 $/h
  security group tm-default in vpc-ID: port 8443 for 203.0.113.7/32 and itself
  role and instance profile tm-us-east-1-default for the nodes
0.045 $/h without work, at most 1.00 $/h with 10 workers
An estimate: on-demand prices in us-east-1 of 2025-06-01, from memory; no traffic, no taxes.
At most counts the dearest: t3.small where AWS has no room for t4g.small; c7i.large or m7g.large where AWS has no room for c7g.large.
`
const nothingMade = () => {
  expect(laptop.standin.leftovers()).toEqual([])
  expect(laptop.saved().exists()).toBe(false)
}
const record = () => laptop.saved().read() as Ec2Record

describe('before anything is made', () => {
  it('--dry-run shows it and stops', async () => {
    expect(await laptop.tm(['up', '--dry-run', ...here])).toEqual({
      stdout: plan,
      stderr: looked,
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
      stderr: `${looked}${plan}Error: Nothing was made: without a terminal nobody can be asked
  → Make it without a question: tm up --yes
  → Only look: tm up --dry-run
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
      'Make it without a question: tm up --cluster x --region us-east-1 --yes',
      'Only look: tm up --cluster x --region us-east-1 --dry-run',
    ])
    nothingMade()
  })

  it('it asks on a terminal, and stops at no', async () => {
    const { stderr, exitCode } = await laptop.tm(['up', ...here], { terminal: true })
    expect(stderr).toBe(`${looked}${plan}Error: Nothing was made\n`)
    expect(exitCode).toBe(1)
    expect(asked).toEqual([{ message: 'Make it?', default: false }])
    nothingMade()
  })

  it('it says that a price is not known', async () => {
    const argv = ['up', '--dry-run', '--worker-type', 'c6i.large', ...here]
    const { stdout } = await laptop.tm(argv)
    expect(stdout).toContain('  10 ×  worker, c6i.large    price not known\n')
    expect(stdout).toContain('0.045 $/h without work, at most an unknown price with 10 workers\n')
    expect(stdout).toContain('No price is known for c6i.large.\n')
  })

  it('it makes the secret and the record, then everything', async () => {
    const { standin } = laptop
    let known = false
    standin.onCall('CreateSecurityGroup', () => {
      known = laptop.saved().secret().length === 32 && record().account === standin.account
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
      ...['credentials and account', 'network', 'image', 'security group'],
      ...['role, policy, profile', 'instance 1', 'instance 2', 'public addresses'],
    ])
  })

  it('stays as it is when asked again, and gets what is new', async () => {
    const contexts: BringContext[] = []
    const spots: boolean[] = []
    const bring: typeof brought = (launched, infrastructure, context) => {
      contexts.push(context)
      spots.push(infrastructure.shapes.worker.spot)
      return brought(launched, infrastructure, context)
    }
    const choices = { allowCidrs: ['203.0.113.7/32'], spot: true, settings: { maxWorkers: 3 } }
    const first = await laptop.up({ bring, choices })
    const second = await laptop.up({ bring, choices: {} })
    expect(second).toEqual(first)
    const third = await laptop.up({ bring, nodes: 3, choices: { settings: { scaleAfter: 1000 } } })
    expect(third.nodes.slice(0, 2)).toEqual(first.nodes)
    expect(third.nodes.map(({ id }) => id)).toEqual(['node-1', 'node-2', 'node-3'])
    expect((await laptop.up({ choices: {} })).nodes).toEqual(third.nodes)
    const bootTimeout = 300_000
    expect(contexts.map(({ settings }) => settings)).toEqual([
      { bootTimeout, maxWorkers: 3 },
      { bootTimeout, maxWorkers: 3 },
      { bootTimeout, maxWorkers: 3, scaleAfter: 1000 },
    ])
    expect(spots).toEqual([true, true, true])
    expect(opened(laptop.standin)).toEqual(['203.0.113.7/32 8443'])
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
    }
    const second = await laptop.up({ choices: {}, confirm })
    expect(shown).toContain(`  node-1 (${gone}) is gone, and what was on its disk only is lost`)
    expect(second.lost).toEqual([{ id: 'node-1', place: gone }])
    expect(laptop.steps.at(-1)).toBe(
      `node-1 is new and empty; what was on the disk of ${gone} only is lost. Enqueue what is missing: tm enqueue --resume …`,
    )
    expect((await laptop.up()).lost).toBeUndefined()
    expect(second.nodes[1]).toEqual(first.nodes[1])
    const instance = second.nodes[0]?.instance
    expect(instance).not.toBe(first.nodes[0]?.instance)
    expect(record().nodes[0]).toMatchObject({ instance, certificate: `certificate of ${instance}` })
  })

  it('is completed when only its secret is left here', async () => {
    const first = await laptop.up({ nodes: 3 })
    laptop.saved().write({ ...record(), nodes: [] })
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
Error: Your public address is not known: https://checkip.amazonaws.com: ${why}
  → Say who may reach the nodes: --allow-cidr 203.0.113.7/32
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
