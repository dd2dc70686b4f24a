import { expect, it } from 'vitest'
import { parseRecord } from '../../src/state/cluster-record.ts'

const ec2 = {
  provider: 'ec2',
  cluster: 'x',
  nodes: [],
  createdAt: 1,
  region: 'r',
  account: 'a',
  port: 1,
}
const parse = (record: object) => parseRecord(JSON.stringify(record))

it('is read as it was written', () => {
  const local = { provider: 'local', cluster: 'x', nodes: [], createdAt: 1 }
  expect(parse(local)).toEqual(local)
  const choices = { spot: true, subnets: ['subnet-1', 'subnet-2'] }
  expect(parse({ ...ec2, choices })).toEqual({ ...ec2, choices })
})

it('of an older tm keeps its only subnet', () => {
  const choices = { spot: true, subnet: 'subnet-1' }
  expect(parse({ ...ec2, choices })).toEqual({
    ...ec2,
    choices: { spot: true, subnets: ['subnet-1'] },
  })
})
