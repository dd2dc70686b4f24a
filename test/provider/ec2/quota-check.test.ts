/** Whether a cluster has room in the vCPU quotas. */
import { describe, expect, it } from 'vitest'
import { checkQuotas, type QuotaNeeds } from '../../../src/provider/ec2/cluster/quota-check.ts'

const needs: QuotaNeeds = {
  region: 'us-east-1',
  node: { type: 't4g.small', vcpus: 2 },
  nodes: 2,
  nodesThere: 0,
  worker: { type: 'c7g.large', vcpus: 2 },
  workers: 10,
  workersThere: 0,
}
const quota = (limit: number, used = 0, code = 'L-1') => ({ code, name: code, limit, used })
const shared = (limit: number, used = 0) => {
  const one = quota(limit, used)
  return { node: one, worker: one }
}

describe('the vCPU quota', () => {
  it.each([
    ['just enough', shared(24), []],
    ['some of the workers', shared(10), ['The quota "L-1" (L-1) leaves room for 3 of 10 workers']],
    [
      'none of the spot workers would be no cluster',
      { node: quota(4), worker: quota(20, 0, 'L-2') },
      [],
    ],
  ])('with room for %s', (_, quotas, notes) => {
    expect(checkQuotas(needs, quotas)).toEqual(notes)
  })

  it.each([
    ['the nodes', shared(5, 2), '2 are in use, and there is no room for 2 nodes'],
    ['a worker', shared(5), '0 are in use, and there is no room for 2 nodes'],
    [
      'a spot worker',
      { node: quota(32), worker: quota(1, 0, 'L-2') },
      'no room for a worker (c7g.large: 2)',
    ],
  ])('without room for %s', (_, quotas, text) => {
    expect(() => checkQuotas(needs, quotas)).toThrow(text)
  })

  it('says how many nodes fit, if any', () => {
    const fewer = (limit: number) => {
      try {
        return checkQuotas(needs, shared(limit))
      } catch (error) {
        return JSON.stringify((error as { suggestions: object[] }).suggestions[0])
      }
    }
    expect(fewer(5)).toContain('"nodes":"1"')
    expect(fewer(3)).not.toContain('nodes')
  })

  it('is no reason to refuse a cluster that is there', () => {
    const there = { ...needs, nodesThere: 2, workersThere: 1 }
    expect(checkQuotas(there, shared(6, 6))).toEqual([
      'The quota "L-1" (L-1) leaves room for 1 of 10 workers',
    ])
    expect(checkQuotas({ ...needs, workers: 0 }, shared(4))).toEqual([])
  })
})
