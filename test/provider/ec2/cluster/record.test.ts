/** What a laptop remembers of a cluster on EC2, and when a cluster with a time ends. */
import { expect, it } from 'vitest'
import { defaultChoices } from '../../../../src/provider/ec2/cluster/choices.ts'
import { endOf, foreign } from '../../../../src/provider/ec2/cluster/record.ts'
import type { Ec2Machine } from '../../../../src/provider/ec2/machines/instances.ts'
import type { Intent } from '../../../../src/provider/ec2/machines/intents.ts'
import type { Ec2Record } from '../../../../src/state/cluster-record.ts'

const now = 1_000_000
const hour = 3_600_000

function record(changes: Partial<Ec2Record> = {}): Ec2Record {
  const place = { region: 'us-east-1', account: '1', port: 8443 }
  const common = { cluster: 'x', provider: 'ec2' as const, createdAt: 0, choices: defaultChoices }
  return { ...common, ...place, nodes: [], ...changes }
}

it.each<
  [
    string,
    number | undefined,
    Partial<Ec2Record> | undefined,
    number | undefined,
    number | undefined,
  ]
>([
  ['none was ever given', undefined, undefined, undefined, undefined],
  ['the first up gives one', hour, undefined, hour, now + hour],
  ['an up that says nothing changes nothing', undefined, { endsAt: now + 5 }, hour, now + 5],
  ['a later up gives another', 2 * hour, { endsAt: now + 5 }, 2 * hour, now + 2 * hour],
  ['a cluster that runs gets one', hour, {}, hour, now + hour],
  ['its time is over: it begins anew', undefined, { endsAt: now - 5 }, hour, now + hour],
])('the end when %s', (_, given, changes, ttl, expected) => {
  expect(endOf(changes && record(changes), { givenMs: given, ttlMs: ttl, now })).toBe(expected)
})

const machine = (changes: Partial<Ec2Machine> = {}) =>
  ({ id: 'node-1', kind: 'node', instance: 'i-1', attempt: 0, ...changes }) as Ec2Machine
const intent = (changes: Partial<Intent> = {}): Intent => ({
  slot: 'node-1',
  attempt: 0,
  ...changes,
})

it.each<[string, Ec2Machine, Partial<Ec2Record>, Intent[], boolean]>([
  ['recorded', machine(), { nodes: [{ id: 'node-1', url: '', instance: 'i-1' }] }, [], false],
  ['meant, and AWS has not answered', machine(), {}, [intent()], false],
  ['meant and made', machine(), {}, [intent({ made: 'i-1' })], false],
  [
    'made by another laptop after ours went down',
    machine({ instance: 'i-2' }),
    { nodes: [{ id: 'node-1', url: '', instance: 'i-1' }] },
    [intent({ made: 'i-1' })],
    true,
  ],
  ['another attempt than we meant', machine({ attempt: 1 }), {}, [intent()], true],
  ['never heard of', machine(), {}, [], true],
])('a node that was %s', (_, node, changes, intents, isForeign) => {
  expect(foreign([node], record(changes), intents)).toEqual(isForeign ? [node] : [])
})
