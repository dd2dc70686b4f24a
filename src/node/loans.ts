/**
 * Borrows places for workers from siblings and lends them: sends, answers, renews and returns loans.
 * The ledgers in `core/loans.ts` decide what is allowed. A loan is on disk before it is answered.
 */
import { v7 } from 'uuid'
import type { Clock } from '../core/clock.ts'
import { messageOf } from '../core/errors.ts'
import * as ledgers from '../core/loans.ts'
import { effectiveLimit } from '../core/scaling/plan.ts'
import type { Settings } from '../core/settings.ts'
import type { Siblings } from './siblings.ts'
import type { NodeDocuments } from './store/node-documents.ts'

export interface LoansOptions {
  documents: NodeDocuments
  siblings: Siblings
  clock: Clock
  settings: () => Settings
  onError: (what: string, error: unknown) => void
}

export type Loans = Awaited<ReturnType<typeof loadLoans>>

/** A sibling that does not answer in this time counts as having refused. */
const timeoutMs = 3000

export async function loadLoans(options: LoansOptions) {
  const { documents, siblings, clock, settings } = options
  const time = () => ({ now: clock().steady, duration: settings().loan })
  const saved = ((await documents.load('loans')) ?? ledgers.emptyLedger) as ledgers.Ledger
  let ledger = ledgers.restore(saved, time())
  let refusal: { reason: string; until: number } | undefined
  /** Loans to return. Each stays here until the lender has confirmed it or it has expired. */
  let returning: ledgers.Loan[] = []

  /** Updates memory first, so that no decision uses the old ledger, then the disk. */
  async function write(next: ledgers.Ledger): Promise<void> {
    if (next === ledger) return
    ledger = next
    await documents.save('loans', next)
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
    const renewed = await client.renewLoan({ params: { loan: loan.id }, timeoutMs })
    const stillHeld = ledger.borrowed.some(({ id }) => id === loan.id)
    if (!stillHeld) return
    if (!renewed) return await write(ledgers.forget(ledger, loan.id))
    const { duration } = renewed
    await write(ledgers.count(ledger, { id: loan.id, lender: loan.peer, duration, sentAt }))
  }

  async function giveBack(loan: ledgers.Loan): Promise<void> {
    await clientOf(loan.peer)?.returnLoan({ params: { loan: loan.id }, timeoutMs })
    returning = returning.filter(({ id }) => id !== loan.id)
  }

  /** Due when a third of its counted time is over: two renewals may fail before it expires. */
  function isDue({ expiresAt }: ledgers.Loan): boolean {
    const { duration } = time()
    const counted = duration - ledgers.marginOf(duration)
    return expiresAt - clock().steady < (counted * 2) / 3
  }

  const total = () => effectiveLimit(limit())

  return {
    limit,
    total,

    /** Why the last request for a loan was refused; undefined when the node may ask again. */
    refusal(): { reason: string; retryIn: number } | undefined {
      const retryIn = refusal ? refusal.until - clock().steady : 0
      return refusal && retryIn > 0 ? { reason: refusal.reason, retryIn } : undefined
    },

    /** The loans as `/v1/state` shows them; `expiresIn` is in milliseconds. */
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

    /** Lender: resolves when the loan is on disk. */
    async lend(
      ask: { id: string; borrower: string },
      means: Omit<ledgers.Means, 'own'>,
    ): Promise<ledgers.Answer> {
      const own = settings().maxWorkers
      const { ledger: next, answer } = ledgers.lend(ledger, ask, { own, ...means }, time())
      await write(next)
      return answer
    },

    /** Lender: renews a loan. Undefined when the loan does not exist, or no longer. */
    async extend(ask: { id: string; borrower: string }): Promise<{ duration: number } | undefined> {
      const next = ledgers.extend(ledger, ask, settings().maxWorkers, time())
      if (!next) return undefined
      await write(next)
      return { duration: settings().loan }
    },

    /** Lender: the borrower returns the place. */
    takeBack: (ask: { id: string; borrower: string }) => write(ledgers.takeBack(ledger, ask)),

    /** Borrower: asks the siblings in turn until one lends a place. */
    async borrow(): Promise<boolean> {
      const reasons: string[] = []
      for (const { id: lender, client } of siblings.list()) {
        const id = v7()
        const sentAt = clock().steady
        try {
          const answer = await client.requestLoan({ query: { loan: id }, timeoutMs })
          if (answer.granted) {
            const { duration } = answer.loan
            await write(ledgers.count(ledger, { id, lender, duration, sentAt }))
            refusal = undefined
            return true
          }
          reasons.push(`${lender}: ${answer.reason}`)
        } catch (error) {
          // The sibling may have lent the place: returning it frees the place now, not in a minute.
          returning.push({ id, peer: lender, expiresAt: sentAt + settings().loan })
          reasons.push(`${lender}: ${messageOf(error)}`)
        }
      }
      refusal = { reason: reasons.join('; '), until: clock().steady + settings().tick }
      return false
    },

    /** Renews loans in use, returns unused loans, forgets expired loans. */
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
      // Only now: a loan from before a restart is renewed once before it is forgotten.
      await write(seen())
    },
  }
}
