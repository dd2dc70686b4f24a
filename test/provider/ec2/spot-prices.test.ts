/** What spot costs, asked of EC2: the dearest of the zones, or why it is not known. */
import { afterEach, expect, it } from 'vitest'
import { operatorPolicy } from '../../../src/provider/ec2/iam/policies.ts'
import { estimate } from '../../../src/provider/ec2/machines/prices.ts'
import { askSpotPrices } from '../../../src/provider/ec2/machines/spot-prices.ts'
import { type Account, openAccount } from './account.ts'

let account: Account
afterEach(() => account.close())

const at = Date.UTC(2026, 10, 27, 1, 30)
const question = {
  region: 'us-east-1',
  nodes: 1,
  workers: 10,
  node: { type: 't4g.small', vcpus: 2, disk: 8 },
  worker: { type: 'c7g.large', vcpus: 2, disk: 8 },
  publicAddresses: 0,
  spot: true,
}
const ask = async () =>
  await askSpotPrices(account.aws, {
    types: ['c7g.large', 'c7i.large'],
    zones: ['us-east-1a', 'us-east-1b'],
    at,
  })
const workerLine = (spotPrices: Awaited<ReturnType<typeof ask>>) =>
  estimate({ ...question, spotPrices }).lines.find(({ what }) => what.startsWith('worker'))

it('is that of the dearest zone of ours, with the time at which it was asked', async () => {
  const spotPrices = { 'c7g.large': { a: 0.031, b: 0.035, c: 0.9 }, 'c7i.large': { a: 0.04 } }
  account = await openAccount({ spotPrices, maxPage: 2 })
  const prices = await ask()
  expect(Object.fromEntries(prices.hourly)).toEqual({ 'c7g.large': 0.035, 'c7i.large': 0.04 })
  expect(workerLine(prices)?.each).toBe(0.035)
  expect(estimate({ ...question, spotPrices: prices }).notes).toContain(
    'The price of spot is what EC2 asks for c7g.large in the dearest zone at 2026-11-27 01:30 UTC; it changes hourly',
  )
})

it('of a type that no table has is known, too', async () => {
  account = await openAccount()
  const spotPrices = { at, hourly: new Map([['x9.huge', 1.5]]) }
  const worker = { type: 'x9.huge', vcpus: 2, disk: 8 }
  const { workers, notes } = estimate({ ...question, worker, spotPrices })
  expect(workers).toBeGreaterThan(15)
  expect(notes.join('\n')).not.toContain('No price')
})

it('is assumed where EC2 has none, or must not be asked, which is said', async () => {
  account = await openAccount()
  const none = await ask()
  expect(workerLine(none)?.each).toBeCloseTo(0.4 * 0.0725)
  const { standin } = account
  const place = { account: standin.account, partition: 'aws', region: standin.region }
  const policy = operatorPolicy(place) as { Statement: object[] }
  const denied = { Effect: 'Deny', Action: 'ec2:DescribeSpotPriceHistory', Resource: '*' }
  standin.setOperatorPolicy({ ...policy, Statement: [...policy.Statement, denied] })
  const refused = await ask()
  expect(workerLine(refused)?.each).toBeCloseTo(0.4 * 0.0725)
  expect(estimate({ ...question, spotPrices: refused }).notes.join('\n')).toMatch(
    /Spot is assumed to cost 40 % .*EC2 could not be asked: .*may not ec2:DescribeSpotPriceHistory/,
  )
})

it('may be asked with the policy of the operator', async () => {
  account = await openAccount({ spotPrices: { 'c7g.large': { a: 0.03 } } })
  const { standin } = account
  const place = { account: standin.account, partition: 'aws', region: standin.region }
  standin.setOperatorPolicy(operatorPolicy(place))
  expect((await ask()).problem).toBeUndefined()
})
