/** What does nothing, and what only looks like it. */
import { describe, expect, it } from 'vitest'
import { describeOrphans } from '../../../../src/cli/output/orphans.ts'
import type { Orphan } from '../../../../src/provider/cluster.ts'
import { orphansOf } from '../../../../src/provider/ec2/cluster/orphans.ts'
import type { Ec2Machine } from '../../../../src/provider/ec2/machines/instances.ts'

const minute = 60_000
const day = 24 * 60 * minute
const now = 100 * day
const at = { region: 'eu-west-1', now }

function machine(kind: 'node' | 'worker', age: number, more: Partial<Ec2Machine> = {}): Ec2Machine {
  return {
    ...{ id: 'x', kind, cluster: 'c', launchedAt: now - age, instance: 'i-1', state: 'running' },
    ...{ attempt: 1, type: 'c7g.large', image: 'ami-1', zone: 'eu-west-1a', spot: false },
    publicAddress: '203.0.113.9',
    ...more,
  }
}

const nothing = { machines: [], volumes: [], groups: [], roles: [], profiles: [] }
const of = (found: Partial<Parameters<typeof orphansOf>[0]>) =>
  orphansOf({ ...nothing, ...found }, at)

const alone = {
  ...{ kind: 'machine', id: 'i-1', cluster: 'c', region: 'eu-west-1', monthly: 56.58 },
  why: 'no node of its cluster runs',
} as const

describe('a machine', () => {
  it.each([
    ['a worker without any node', machine('worker', 25 * minute), [], true],
    [
      '… whose nodes are stopped',
      machine('worker', day),
      [machine('node', day, { state: 'stopped' })],
      false,
    ],
    [
      '… of another cluster with nodes',
      machine('worker', day),
      [machine('node', day, { cluster: 'd' })],
      true,
    ],
  ])('is an orphan: %s', (_name, worker, others, removable) => {
    const since = worker.launchedAt
    expect(of({ machines: [worker, ...others] })).toEqual([{ ...alone, since, removable }])
  })

  it.each([
    ['a worker that may yet end by itself', [machine('worker', 25 * minute - 1)]],
    ['a worker with a node', [machine('worker', day), machine('node', day)]],
    ['a node', [machine('node', 90 * day)]],
    [
      'a node that has been launched within a week, and is stopped',
      [machine('node', 7 * day, { state: 'stopped' })],
    ],
  ])('is none: %s', (_name, machines) => {
    expect(of({ machines })).toEqual([])
  })

  it('is one if it has been stopped for long', () => {
    const machines = [machine('node', 8 * day, { state: 'stopped' })]
    const [one] = of({ machines })
    expect(one).toMatchObject({ why: 'stopped; its disk is charged', removable: false, monthly: 0 })
  })
})

it('a free disk is one, also beside a node', () => {
  const volume = { id: 'vol-1', cluster: 'c', size: 100, free: true }
  const disk = {
    ...{ kind: 'disk', id: 'vol-1', cluster: 'c', region: 'eu-west-1', monthly: 8 },
    why: 'attached to no machine',
  }
  expect(of({ volumes: [volume, { ...volume, free: false }] })).toEqual([
    { ...disk, removable: true },
  ])
  expect(of({ volumes: [volume], machines: [machine('node', day)] })).toEqual([
    { ...disk, removable: false },
  ])
})

it('a group, a role and a profile are ones only where no machine is left', () => {
  const found = { groups: [{ id: 'sg-1', cluster: 'c' }], roles: ['c'], profiles: ['c', 'd'] }
  expect(of(found).map(({ kind, id }) => `${kind} ${id}`)).toEqual([
    'security group sg-1',
    'role tm-eu-west-1-c',
    'instance profile tm-eu-west-1-c',
    'instance profile tm-eu-west-1-d',
  ])
  const machines = [machine('node', day, { state: 'stopped' })]
  expect(of({ ...found, machines }).map(({ id }) => id)).toEqual(['tm-eu-west-1-d'])
})

it('says in a table what ends each', () => {
  const orphans: Orphan[] = [
    { ...alone, kind: 'machine', since: now - day, removable: true },
    {
      ...alone,
      kind: 'disk',
      id: 'vol-1',
      cluster: 'd',
      why: 'attached to no machine',
      removable: false,
    },
    {
      ...alone,
      kind: 'machine',
      id: 'i-2',
      cluster: 'e',
      why: 'stopped; its disk is charged',
      removable: false,
    },
  ]
  const lines = describeOrphans(orphans, { now, terminal: true }).split('\n')
  expect(lines[1]).toBe(
    'machine  i-1    c        eu-west-1  24 h 0 min  56.58    no node of its cluster runs',
  )
  expect(lines.slice(5)).toEqual([
    'c in eu-west-1 has no node: tm down --cluster c --region eu-west-1 removes what is left of it',
    'Remove disk vol-1: aws ec2 delete-volume --region eu-west-1 --volume-id vol-1',
    'Start machine i-2: aws ec2 start-instances --region eu-west-1 --instance-ids i-2; or end it, with all that is on its disk: aws ec2 terminate-instances --region eu-west-1 --instance-ids i-2',
  ])
  expect(describeOrphans(orphans, { now, terminal: false }).split('\n')).toHaveLength(3)
})
