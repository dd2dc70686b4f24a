/**
 * Carries loans between this node and its siblings: the ledgers in `core/loans.ts` say what is
 * allowed, this asks, answers, renews, returns, and writes down before it answers.
 */
import { v7 } from 'uuid'
import type { Clock } from '../core/clock.ts'
import { messageOf } from '../core/errors.ts'
import * as ledgers from '../core/loans.ts'
import { effectiveLimit } from '../core/policy.ts'
import type { Settings } from '../core/settings.ts'
import type { Siblings } from './siblings.ts'
import type { Store } from './store/store.ts'

export interface LoansOptions {
  store: Pick<Store, 'load' | 'save'>
  siblings: Siblings
  clock: Clock
  settings: () => Settings
  onError: (what: string, error: unknown) => void
}

export type Loans = Awaited<ReturnType<typeof loadLoans>>

/** A sibling that does not answer in this time has said no, for now. Milliseconds. */
const patience = 3000

export async function loadLoans(options: LoansOptions) {
  const { store, siblings, clock, settings } = options
  const time = () => ({ now: clock().steady, duration: settings().loan })
  const saved = ((await store.load('loans')) ?? ledgers.emptyLedger) as ledgers.Ledger
  let ledger = ledgers.restore(saved, time())
  let refusal: { reason: string; until: number } | undefined
  /** Loans to give back, kept until the lender has heard of it or they have expired anyway. */
  let returning: ledgers.Loan[] = []

  /** In memory at once, so that nothing decides on the old ledger; then on disk. */
  async function write(next: ledgers.Ledger): Promise<void> {
    if (next === ledger) return
    ledger = next
    await store.save('loans', next)
  }

  function seen(): ledgers.Ledger {
    return ledgers.current(ledger, clock().steady)
  }

  function limit() {
    const { lent, borrowed } = seen()
    return { own: settings().maxWorkers, borrowed: borrowed.length, lent: lent.length }
  }

  const clientOf = (id: string) => siblings.list().find((sibling) => sibling.id === id)?.client

  async function renew(loan: ledgers.Loan): Promise<void> {
    const client = clientOf(loan.peer)
    if (!client) return
    const sentAt = clock().steady
    const renewed = await client.renewLoan(loan.id, { timeout: patience })
    const stillHeld = ledger.borrowed.some(({ id }) => id === loan.id)
    if (!stillHeld) return
    if (!renewed) return await write(ledgers.forget(ledger, loan.id))
    const { duration } = renewed
    await write(ledgers.count(ledger, { id: loan.id, lender: loan.peer, duration, sentAt }))
  }

  async function giveBack(loan: ledgers.Loan): Promise<void> {
    await clientOf(loan.peer)?.returnLoan(loan.id, { timeout: patience })
    returning = returning.filter(({ id }) => id !== loan.id)
  }

  /** Renewed when a third of its counted time is over, so that two tries may fail. */
  function isDue({ expiresAt }: ledgers.Loan): boolean {
    const { duration } = time()
    const counted = duration - ledgers.marginOf(duration)
    return expiresAt - clock().steady < (counted * 2) / 3
  }

  const total = () => effectiveLimit(limit())

  return {
    limit,
    total,

    /** Why the last question for a loan was refused, while it is too early to ask again. */
    refusal(): { reason: string; retryIn: number } | undefined {
      const retryIn = refusal ? refusal.until - clock().steady : 0
      return refusal && retryIn > 0 ? { reason: refusal.reason, retryIn } : undefined
    },

    /** For people and for `/v1/state`; `expiresIn` in milliseconds. */
    describe() {
      const now = clock().steady
      const show = (kind: 'lent' | 'borrowed') => (loan: ledgers.Loan) => ({
        id: loan.id,
        kind,
        peer: loan.peer,
        expiresIn: Math.round(loan.expiresAt - now),
      })
      const { lent, borrowed } = seen()
      return [...lent.map(show('lent')), ...borrowed.map(show('borrowed'))]
    },

    /** Lender. The loan is on disk before this answers. */
    async lend(
      ask: { id: string; borrower: string },
      means: Omit<ledgers.Means, 'own'>,
    ): Promise<ledgers.Answer> {
      const own = settings().maxWorkers
      const { ledger: next, answer } = ledgers.lend(ledger, ask, { own, ...means }, time())
      await write(next)
      return answer
    },

    /** Lender. Undefined when there is no such loan any more. */
    async extend(ask: { id: string; borrower: string }): Promise<{ duration: number } | undefined> {
      const next = ledgers.extend(ledger, ask, settings().maxWorkers, time())
      if (!next) return undefined
      await write(next)
      return { duration: settings().loan }
    },

    /** Lender. */
    takeBack: (ask: { id: string; borrower: string }) => write(ledgers.takeBack(ledger, ask)),

    /** Borrower: asks one sibling after the other for one place. */
    async borrow(): Promise<boolean> {
      const reasons: string[] = []
      for (const { id: lender, client } of siblings.list()) {
        const id = v7()
        const sentAt = clock().steady
        try {
          const answer = await client.askForLoan({ id }, { timeout: patience })
          if (answer.granted) {
            const { duration } = answer.loan
            await write(ledgers.count(ledger, { id, lender, duration, sentAt }))
            refusal = undefined
            return true
          }
          reasons.push(`${lender}: ${answer.reason}`)
        } catch (error) {
          // It may have lent the place all the same: then it is free again at once, not in a minute.
          returning.push({ id, peer: lender, expiresAt: sentAt + settings().loan })
          reasons.push(`${lender}: ${messageOf(error)}`)
        }
      }
      refusal = { reason: reasons.join('; '), until: clock().steady + settings().tick }
      return false
    },

    /** Renews what is used, gives back what is not, forgets what has expired. */
    async tick(active: number): Promise<void> {
      const now = clock().steady
      const unused = total() - active
      const spare = unused > 0 ? ledger.borrowed.slice(0, unused) : []
      if (spare.length > 0) {
        returning.push(...spare)
        await write(spare.reduce((left, { id }) => ledgers.forget(left, id), ledger))
      }
      returning = returning.filter((loan) => loan.expiresAt > now)
      const kept = ledger.borrowed.filter((loan) => isDue(loan))
      const duties = [...returning.map(giveBack), ...kept.map(renew)]
      for (const outcome of await Promise.allSettled(duties)) {
        if (outcome.status === 'rejected') options.onError('a loan', outcome.reason)
      }
      // Only now: what was borrowed before a restart is asked for once before it is forgotten.
      await write(seen())
    },
  }
}
