/** Runs many calls in one transaction, so that they share its fsync, and makes their replies. */
import { type Call, type Reply, toMessage } from './messages.ts'
import type { Engine, StoreMethod } from './methods.ts'
import type { Transaction } from './transaction.ts'

export function createGroupCommit(transaction: Transaction, engine: Engine) {
  function run({ number, method, args }: Call): Reply {
    const act = engine[method as StoreMethod] as (...args: unknown[]) => unknown
    return { number, value: act(...args) }
  }

  /** If one call throws, nothing is committed, and each call gets a transaction of its own. */
  return function runTogether(calls: Call[]): Reply[] {
    try {
      return transaction.run(() => calls.map(run))
    } catch (error) {
      if (calls.length === 1) return calls.map(({ number }) => failed(number, error))
      return calls.flatMap((call) => runTogether([call]))
    }
  }
}

export function failed(number: number, error: unknown): Reply {
  return { number, error: toMessage(error) }
}
