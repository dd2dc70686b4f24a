/** `tm down --orphans`: what does nothing goes, and nothing that lives goes with it. */
import { afterEach, beforeEach, expect, it } from 'vitest'
import { connectAws } from '../../../src/provider/ec2/aws/connect.ts'
import { listOrphansInRegions } from '../../../src/provider/ec2/cluster/list-orphans.ts'
import { removeCluster } from '../../../src/provider/ec2/cluster/remove.ts'
import {
  isRemovable,
  type RemoveOptions,
  removeOrphans,
} from '../../../src/provider/ec2/cluster/remove-orphans.ts'
import { operatorPolicy } from '../../../src/provider/ec2/iam/policies.ts'
import type { Instance } from '../../aws/state.ts'
import { type Account, fastRetry, openAccount, up } from './account.ts'

const minute = 60_000
let account: Account
let look: RemoveOptions

beforeEach(async () => {
  account = await openAccount()
  const { standin } = account
  look = {
    states: [],
    region: undefined,
    ambientRegion: standin.region,
    onWait() {},
    signal: new AbortController().signal,
    againMs: 1,
    connect: (place) => {
      const { url: endpoint, operator: credentials } = standin
      return connectAws({ ...place, endpoint, credentials, retry: fastRetry })
    },
  }
})
afterEach(() => account.close())

/** Machines of a cluster, launched half an hour ago. */
async function launch(...kinds: ('node' | 'worker')[]): Promise<Instance[]> {
  const { nodes } = await up(account.site, { nodes: kinds.map((_, n) => `node-${n + 1}`) })
  return nodes.map(({ instance }, n) => {
    const found = account.standin.world.instances.get(instance) as Instance
    found.tags.set('tm:kind', kinds[n] ?? '')
    found.launchTime = new Date(Date.now() - 30 * minute)
    return found
  })
}

const list = async () => (await listOrphansInRegions(look)).orphans
const running = () =>
  account.standin.instances().flatMap(({ id, state }) => (state === 'running' ? [id] : []))

it('ends workers without a node, and removes what held on to them', async () => {
  const [worker] = await launch('worker')
  const shown = await list()
  expect(shown).toMatchObject([
    { kind: 'machine', id: worker?.id, why: 'no node of its cluster runs', removable: true },
  ])
  const { removed, remaining, problems, notes } = await removeOrphans(look, shown)
  expect({ remaining, problems, notes }).toEqual({ remaining: [], problems: [], notes: [] })
  const kinds = removed.map(({ kind }) => kind)
  expect(kinds).toEqual(['machine', 'security group', 'instance profile', 'role'])
  expect(account.standin.leftovers()).toEqual([])
})

it('touches nothing of a cluster that has a node when it looks again', async () => {
  const [worker, node] = await launch('worker', 'worker')
  const shown = await list()
  expect(shown).toHaveLength(2)
  node?.tags.set('tm:kind', 'node')
  expect(await removeOrphans(look, shown)).toEqual({
    ...{ removed: [], remaining: [], problems: [], notes: [] },
  })
  expect(running()).toEqual([worker?.id, node?.id])
  await removeCluster(account.site)
})

it('ends only what was shown: not what has become an orphan meanwhile', async () => {
  const [worker, later] = await launch('worker', 'worker')
  const shown = (await list()).filter(({ id }) => id === worker?.id)
  const { removed } = await removeOrphans(look, shown)
  expect(removed.map(({ id }) => id)).toEqual([worker?.id])
  expect(running()).toEqual([later?.id])
  await removeCluster(account.site)
})

it('names the machine that is protected, in the list and when it can not be ended', async () => {
  const [worker] = await launch('worker')
  if (worker) worker.terminationProtected = true
  const shown = await list()
  expect(shown[0]?.why).toBe('no node of its cluster runs; its termination protection is on')
  const { removed, remaining, problems } = await removeOrphans(look, shown)
  expect(removed).toEqual([])
  expect(remaining.map(({ id }) => id)).toEqual([worker?.id])
  expect(problems.map(({ message }) => message)).toEqual([
    `${worker?.id} runs on: its termination protection is on`,
  ])
  // Without the right to look the list is the same, but for that.
  const { standin } = account
  const place = { account: standin.account, partition: 'aws', region: standin.region }
  const policy = operatorPolicy(place) as { Statement: object[] }
  const denied = { Effect: 'Deny', Action: 'ec2:DescribeInstanceAttribute', Resource: '*' }
  standin.setOperatorPolicy({ ...policy, Statement: [...policy.Statement, denied] })
  expect((await list())[0]?.why).toBe('no node of its cluster runs')
  standin.setOperatorPolicy(undefined)
  if (worker) worker.terminationProtected = false
  await removeCluster(account.site)
})

it('may do all of that with the policy of the operator', async () => {
  await launch('worker')
  const { standin } = account
  const place = { account: standin.account, partition: 'aws', region: standin.region }
  standin.setOperatorPolicy(operatorPolicy(place))
  const { problems, notes } = await removeOrphans(look, await list())
  expect({ problems, notes }).toEqual({ problems: [], notes: [] })
  expect(standin.leftovers()).toEqual([])
})

it('says when it could not look again, and removes nothing', async () => {
  const [worker] = await launch('worker')
  const shown = await list()
  account.standin.fail({ action: 'DescribeInstances', code: 'UnauthorizedOperation' })
  const { removed, notes } = await removeOrphans(look, shown)
  expect(removed).toEqual([])
  expect(notes).toMatchObject([{ failed: true }])
  expect(running()).toEqual([worker?.id])
  await removeCluster(account.site)
})

it.each([
  ['a worker', { kind: 'machine', removable: true }, true],
  ['a worker of a node that is stopped', { kind: 'machine', removable: false }, false],
  ['a node, which has been stopped for long', { kind: 'machine', isNode: true }, false],
  ['a disk without a cluster', { kind: 'disk', removable: true }, true],
  ['a disk beside a node', { kind: 'disk', removable: false }, false],
] as const)('may remove %s: %s %s', (_, one, may) => {
  const common = { id: 'x', cluster: 'c', region: 'r', why: '', removable: true }
  expect(isRemovable({ ...common, ...one })).toBe(may)
})
