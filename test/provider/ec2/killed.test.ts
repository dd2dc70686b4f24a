/**
 * `tm up` and `tm down` killed before and after each of their calls to AWS in turn, then run again:
 * one cluster, or none, and nothing untagged or forgotten.
 */
import { describe, expect, it } from 'vitest'
import type { AwsContext } from '../../../src/provider/ec2/aws/context.ts'
import { removeCluster } from '../../../src/provider/ec2/cluster/remove.ts'
import { census, keptJournal, oneCluster, openAccount, up } from './account.ts'

type When = 'before' | 'after'

/** Kills the process, so to say: from its n-th call on, none gets through or is heard of. */
function killAt({ clients }: AwsContext, at: number, when: When): { calls: () => number } {
  let calls = 0
  let dead = false
  const middleware = (next: (args: never) => Promise<never>) => async (args: never) => {
    calls += 1
    const mine = calls
    if (mine === at && when === 'before') dead = true
    if (dead) throw new Error('killed')
    // An error is an answer, too, that a killed process does not hear.
    const answer = await Promise.allSettled([next(args)])
    if (mine === at) dead = true
    if (dead) throw new Error('killed')
    if (answer[0].status === 'rejected') throw answer[0].reason
    return answer[0].value
  }
  for (const client of Object.values(clients)) {
    const stack = client.middlewareStack as unknown as {
      add(one: typeof middleware, options: { step: 'initialize' }): void
    }
    stack.add(middleware, { step: 'initialize' })
  }
  return { calls: () => calls }
}

/** Runs `life` for each kill point, some at a time; it says whether it was killed at all. */
async function everyPoint(life: (at: number, when: When) => Promise<boolean>): Promise<number> {
  let points = 0
  for (const when of ['before', 'after'] as const) {
    for (let from = 1; ; from += 8) {
      const some = Array.from({ length: 8 }, (_, index) => from + index)
      const killed = await Promise.all(some.map((at) => life(at, when)))
      points += killed.filter((was) => was).length
      if (!killed.includes(true)) break
    }
  }
  return points
}

const wasKilled = async (work: Promise<unknown>) =>
  await work.then(
    () => false,
    (error) => {
      if (!/killed/.test(String(error))) throw error
      return true
    },
  )

describe('killed at any call', () => {
  it('up is completed by a second up, and removed by down', { timeout: 120_000 }, async () => {
    const points = await everyPoint(async (at, when) => {
      const account = await openAccount()
      const { standin, site, connect } = account
      const journal = keptJournal()
      const first = await connect()
      killAt(first, at, when)
      const killed = await wasKilled(up({ ...site, aws: first }, { journal }))
      await up(site, { journal })
      expect(census(standin), `killed ${when} call ${at}`).toEqual(oneCluster)
      await removeCluster(site)
      expect(standin.leftovers(), `killed ${when} call ${at}`).toEqual([])
      await account.close()
      return killed
    })
    expect(points).toBeGreaterThan(40)
  })

  it('up is completed without the journal, from another machine', {
    timeout: 120_000,
  }, async () => {
    await everyPoint(async (at, when) => {
      const account = await openAccount()
      const { standin, site, connect } = account
      const first = await connect()
      killAt(first, at, when)
      const killed = await wasKilled(up({ ...site, aws: first }))
      await up(site)
      expect(census(standin), `killed ${when} call ${at}`).toEqual(oneCluster)
      await account.close()
      return killed
    })
  })

  it('up is removed by down', { timeout: 120_000 }, async () => {
    await everyPoint(async (at, when) => {
      const account = await openAccount()
      const { standin, site, connect } = account
      const first = await connect()
      killAt(first, at, when)
      const killed = await wasKilled(up({ ...site, aws: first }))
      const { remaining } = await removeCluster(site)
      expect(remaining).toEqual([])
      expect(standin.leftovers(), `killed ${when} call ${at}`).toEqual([])
      await account.close()
      return killed
    })
  })

  it('down is completed by a second down', { timeout: 120_000 }, async () => {
    const points = await everyPoint(async (at, when) => {
      const account = await openAccount()
      const { standin, site, connect } = account
      await up(site)
      const first = await connect()
      killAt(first, at, when)
      // The rest of a removal goes on after an error, but a killed process makes no call any more.
      const removal = removeCluster({ ...site, aws: first }).then(({ problems = [] }) => {
        for (const problem of problems) throw problem
      })
      const killed = await wasKilled(removal)
      await removeCluster(site)
      expect(standin.leftovers(), `killed ${when} call ${at}`).toEqual([])
      await account.close()
      return killed
    })
    expect(points).toBeGreaterThan(20)
  })
})
