/** `tm list`: what is wrong with a cluster, and the command that mends it where the cluster is. */
import { expect, it } from 'vitest'
import { describeList } from '../../../src/cli/output/cluster-list.ts'
import type { ListedCluster } from '../../../src/provider/cluster.ts'

const now = 100_000
const cluster = (changes: Partial<ListedCluster>): ListedCluster => ({
  ...{ cluster: 'default', provider: 'local', nodes: 1, workers: 0, since: now - 5000, hourly: 0 },
  whole: true,
  ...changes,
})
const onEc2 = { provider: 'ec2' as const, region: 'eu-west-1' }
const nothing = { nodes: 0, whole: false }

const rows: [string, Partial<ListedCluster>, string][] = [
  ['whole', {}, ''],
  ['local and stopped', nothing, 'default is stopped: tm up --local starts it'],
  [
    'local, with a node too few, and of another name',
    { cluster: 'big', whole: false },
    'big is incomplete: tm up --local --cluster big completes it',
  ],
  [
    'left over on EC2',
    { ...onEc2, ...nothing },
    'default is a leftover: tm down --region eu-west-1 removes it',
  ],
]

it.each(rows)('a cluster that is %s', (_, changes, hint) => {
  const [row = ''] = describeList([cluster(changes)], { now, terminal: false }).split('\n')
  expect(row.split('\t').at(-1)).toBe(hint)
  const lines = describeList([cluster(changes)], { now, terminal: true }).split('\n')
  expect(lines.slice(2).join('\n').trim()).toBe(hint)
})
