/** `tm down` on EC2: by tag, from any machine; what would be lost is asked first. */
import { existsSync, rmSync } from 'node:fs'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Ec2Record } from '../../../src/state/cluster-record.ts'
import { makeWorld, type World } from '../world.ts'
import { type Laptop, openLaptop, silent } from './laptop.ts'

const asked: string[] = []
let answer = false
vi.mock('@inquirer/prompts', () => ({
  confirm: async (question: { message: string }) => {
    asked.push(question.message)
    return answer
  },
}))

let laptop: Laptop
let world: World | undefined
afterEach(async () => {
  await world?.close()
  world = undefined
  await laptop.close()
  asked.length = 0
  answer = false
})

const ended = `✔ machines ended: node-1 (N s)
✔ security group removed: sg-ID (N s)
Removed role and profile tm-us-east-1-default
✔ checked again: nothing is left (N s)
Nothing is left of cluster default in us-east-1.
`
/** Of a cluster that this machine does not know: one of the same name may be elsewhere. */
const endedHere = ended.replace(/\n$/, ' No other region was looked at: tm list --all-regions\n')
const nothingHere =
  'Nothing is left of cluster default, on this machine or in us-east-1. No other region was looked at: tm list --all-regions\n'

/** A cluster of the account, whose only node is one of this process. */
async function withRealNode(): Promise<World> {
  laptop = await openLaptop()
  world = await makeWorld({ nodes: 1 })
  rmSync(world.state.path('cluster.json'))
  const [node] = world.links
  await laptop.up({
    state: world.state,
    nodes: 1,
    boot: async ([machine]) => (node ? [{ ...node, instance: machine?.instance ?? '' }] : []),
  })
  return world
}

describe('a cluster that this machine has made', () => {
  it('goes without a question when nothing is lost, with what is remembered of it', async () => {
    const { dataDir, state } = await withRealNode()
    const { stderr, stdout, exitCode } = await laptop.tm(['down'], { dataDir })
    expect({ stderr, stdout, exitCode }).toEqual({
      stdout: '',
      stderr: `✔ drain (N s)\n${ended}`,
      exitCode: 0,
    })
    expect(laptop.standin.leftovers()).toEqual([])
    expect(state.exists()).toBe(false)
    expect((await laptop.tm(['down'], { dataDir })).stderr).toBe(nothingHere)
    expect(asked).toEqual([])
  })

  it('asks before results are lost that were never pulled', async () => {
    const { dataDir, enqueue, worker } = await withRealNode()
    await enqueue([{}, {}])
    await worker().work()
    const refused = {
      stdout: '',
      stderr: `Down removes: 2 results never pulled.
Error: Nothing was removed: 2 results never pulled
  → Fetch the results first: tm pull --top 2 > results.tsv
  → Remove it anyway: tm down --yes
`,
      exitCode: 1,
    }
    expect(await laptop.tm(['down'], { dataDir })).toEqual(refused)
    expect(await laptop.tm(['down'], { dataDir, terminal: true })).toEqual(refused)
    expect(asked).toEqual(['Continue?'])
    expect(laptop.standin.instances().map(({ state }) => state)).toEqual(['running'])
    answer = true
    const { stderr } = await laptop.tm(['down'], { dataDir, terminal: true })
    expect(stderr).toBe(`Down removes: 2 results never pulled.\n✔ drain (N s)\n${ended}`)
    expect(laptop.standin.leftovers()).toEqual([])
  })

  it('asks where a node does not answer', async () => {
    laptop = await openLaptop()
    await laptop.up({ nodes: 1, boot: silent })
    const { stderr, exitCode } = await laptop.tm(['down'])
    expect(stderr).toMatch(/^Down removes: whatever is on node-1, which did not answer\.\nError: /)
    expect(exitCode).toBe(1)
    expect(laptop.standin.leftovers()).not.toEqual([])
  })

  it('--json is `{cluster, removed, remaining}`', async () => {
    laptop = await openLaptop()
    await laptop.up({ nodes: 1, boot: silent })
    const { json, exitCode } = await laptop.json<{ removed: object[] }>(['down', '--yes'])
    expect(exitCode).toBe(0)
    expect(json).toEqual({
      cluster: 'default',
      removed: ['node', 'group', 'profile', 'role'].map((kind) => ({
        id: expect.any(String),
        kind,
      })),
      remaining: [],
    })
  })

  it('has no data to keep on this machine', async () => {
    laptop = await openLaptop()
    await laptop.up({ nodes: 1 })
    expect(await laptop.tm(['down', '--keep-data'])).toEqual({
      stdout: '',
      stderr: `Error: --keep-data is for clusters on this machine: on EC2 the data is on the machines
  → Fetch the results first: tm pull --top 1000000 > results.tsv
  → Then: tm down
`,
      exitCode: 2,
    })
  })

  it('ends before all that may not be looked up, which is said, and exit code 1', async () => {
    laptop = await openLaptop()
    await laptop.up({ nodes: 1, boot: silent })
    const all = { Effect: 'Allow', Action: '*', Resource: '*' }
    const looks = ['iam:ListRoles', 'ec2:DescribeSecurityGroups']
    const Statement = [all, { ...all, Effect: 'Deny', Action: looks }]
    laptop.standin.setOperatorPolicy({ Version: '2012-10-17', Statement })
    const { stderr, exitCode } = await laptop.tm(['down', '--yes'])
    expect(exitCode).toBe(1)
    expect(stderr).toContain('✔ machines ended: node-1 (N s)\n')
    expect(stderr).toContain('Removed role and profile tm-us-east-1-default\n')
    expect(stderr).toContain('✔ checked again: not everything could be looked up (N s)\n')
    expect(stderr).toMatch(/Error: Looking up the security group failed: .* may not ec2:Describe/)
    expect(stderr).toMatch(/Error: Listing roles failed: .* may not iam:ListRoles/)
    expect(stderr).not.toContain('Nothing is left')
    expect(laptop.standin.instances().map(({ state }) => state)).toEqual(['terminated'])
    expect(laptop.clusterState().exists()).toBe(true)
    const { json } = await laptop.json<{ problems: object[] }>(['down', '--yes'])
    expect(json.problems).toHaveLength(2)
    expect(json.problems[0]).toMatchObject({ code: 'failed', suggestions: expect.any(Array) })
    laptop.standin.setOperatorPolicy(undefined)
    const last = await laptop.tm(['down', '--yes'])
    expect(last.exitCode).toBe(0)
    expect(laptop.standin.leftovers()).toEqual([])
    expect(laptop.clusterState().exists()).toBe(false)
  })

  it('is not looked for in another account', async () => {
    laptop = await openLaptop()
    await laptop.up({ nodes: 1 })
    const state = laptop.clusterState()
    state.write({ ...(state.read() as Ec2Record), account: '999999999999' })
    const { stderr, exitCode } = await laptop.tm(['down', '--yes'])
    expect(stderr).toContain('Cluster default is in account 999999999999, and you are ')
    expect(exitCode).toBe(1)
    expect(state.exists()).toBe(true)
  })

  it('needs credentials', async () => {
    laptop = await openLaptop()
    await laptop.up({ nodes: 1 })
    const env = { ...laptop.env, AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' }
    const { stderr, exitCode } = await laptop.tm(['down', '--yes'], { env })
    expect(stderr).toContain('no AWS credentials found\n')
    expect(stderr).toContain('  → Then: tm down\n')
    expect(exitCode).toBe(1)
    expect(laptop.clusterState().exists()).toBe(true)
  })

  it('goes when its record is damaged, too, where it is found', async () => {
    laptop = await openLaptop()
    await laptop.up({ nodes: 1 })
    rmSync(laptop.clusterState().path('cluster.json'))
    // Another account stands in for another region: it has none, either.
    const elsewhere = await openLaptop()
    const env = elsewhere.env
    const lost = await laptop.tm(['down', '--yes'], { env })
    expect(
      lost.stderr,
    ).toBe(`Error: Cluster default is not in us-east-1, and its record can't be read
  → If it is in another region: tm down --region REGION
  → If it is in none: rm -r DATA/clusters/default
`)
    await elsewhere.close()
    expect((await laptop.tm(['down', '--yes'])).stderr).toBe(endedHere)
    expect(laptop.clusterState().exists()).toBe(false)
  })
})

describe('a cluster that another machine has made', () => {
  it('goes without its secret, after a question', async () => {
    laptop = await openLaptop()
    await laptop.up({ nodes: 1 })
    const other = laptop.other()
    const loss = 'whatever is on node-1, which only the machine that created the cluster can ask'
    expect(await other.tm(['down'])).toEqual({
      stdout: '',
      stderr: `Down removes: ${loss}.
Error: Nothing was removed: ${loss}
  → Remove it anyway: tm down --yes
`,
      exitCode: 1,
    })
    expect(await other.tm(['down', '--yes'])).toEqual({
      stdout: '',
      stderr: endedHere,
      exitCode: 0,
    })
    expect(laptop.standin.leftovers()).toEqual([])
  })

  it('leaves one of this machine alone that has the same name', async () => {
    laptop = await openLaptop()
    await laptop.up({ nodes: 1 })
    world = await makeWorld()
    const around = { dataDir: world.dataDir }
    const argv = ['down', '--yes', '--region', 'us-east-1']
    expect((await laptop.tm(argv, around)).stderr).toBe(endedHere)
    expect(existsSync(world.state.path('cluster.json'))).toBe(true)
    const { stderr } = await laptop.tm(['down'], around)
    expect(stderr).toContain('✔ data removed: DATA/clusters/default')
  })
})

describe('where there is none', () => {
  it('says so, for the region too where AWS is set up', async () => {
    laptop = await openLaptop()
    const nothing = { stdout: '', stderr: nothingHere, exitCode: 0 }
    expect(await laptop.tm(['down'])).toEqual(nothing)
    expect(await laptop.tm(['down', '--region', 'us-east-1'])).toEqual(nothing)
    expect(await laptop.tm(['down', '--keep-data'])).toEqual(nothing)
  })
})

describe('--orphans', () => {
  it('says that there are none, or where it could not look', async () => {
    laptop = await openLaptop()
    await laptop.up({ nodes: 1 })
    const none = await laptop.tm(['down', '--orphans'])
    expect(none).toEqual({ stdout: '', stderr: 'There are no orphans.\n', exitCode: 0 })
    const blind = await laptop.tm(['down', '--orphans'], { env: {} })
    expect(blind.stderr).toContain('EC2 in us-east-1 is left out: ')
    expect(blind.stderr).not.toContain('no orphans')
    expect(blind.exitCode).toBe(1)
  })

  it('asks before it removes anything, and takes no answer for no', async () => {
    laptop = await openLaptop()
    await laptop.up({ nodes: 1 })
    const [node] = laptop.standin.instances()
    laptop.standin.shutdown(node?.id ?? '')
    const { stderr, exitCode } = await laptop.tm(['down', '--orphans'])
    expect(stderr).toContain('Down removes: 3 orphans: sg-ID, tm-us-east-1-default')
    expect(stderr).toContain('→ Without asking: tm down --orphans --yes')
    expect(exitCode).toBe(1)
    const other = await laptop.tm(['down', '--orphans', '--yes', '--cluster', 'other'])
    expect(other.stderr).toBe('There are no orphans.\n')
    await laptop.tm(['down', '--yes'])
    expect(laptop.standin.leftovers()).toEqual([])
  })
})
