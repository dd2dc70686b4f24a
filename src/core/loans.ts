/**
 * Loans: places for workers that one node lends to a sibling, with an expiry. Pure: `node/loans.ts`
 * sends the messages.
 *
 * Messages may be lost, duplicated or reordered, and the cluster still never exceeds its total. The
 * lender saves a loan before it answers, and takes the place back only when the loan has expired on
 * its own clock. The borrower counts a loan only from an answer to a request that it still waits for,
 * from the moment it *sent* that request, and stops counting it a margin early; in that margin the
 * worker in the place is stopped. At worst a place stays unused until the loan expires. (Leases whose
 * holder gives up first: Gray & Cheriton, SOSP 1989.)
 */
export interface Loan {
  /** Chosen by the borrower, so that a repeated request is the same loan. */
  id: string
  /** The sibling on the other side. */
  peer: string
  /** Steady milliseconds, on the clock of the node that holds the ledger. */
  expiresAt: number
  /** Lent before a restart: kept until it expires, and never renewed. See {@link restore}. */
  lapsing?: true
}

export interface Ledger {
  lent: Loan[]
  borrowed: Loan[]
}

export const emptyLedger: Ledger = { lent: [], borrowed: [] }

/** The state of the lender: its own limit, its workers, and the tasks waiting in its own queue. */
export interface Means {
  own: number
  active: number
  backlog: number
}

/** The answer to a request for a loan; `duration` is in milliseconds. */
export type Answer =
  | { granted: true; loan: { id: string; duration: number } }
  | { granted: false; reason: string }

/** How early the borrower stops counting a loan: its worker has this long to stop. */
export function marginOf(duration: number): number {
  return duration / 3
}

/** Both sides: the ledger without expired loans. */
export function current(ledger: Ledger, now: number): Ledger {
  const alive = (loan: Loan) => loan.expiresAt > now
  if (ledger.lent.every(alive) && ledger.borrowed.every(alive)) return ledger
  return { lent: ledger.lent.filter(alive), borrowed: ledger.borrowed.filter(alive) }
}

/**
 * Lender: decides whether to lend a place. A repeated id is the same loan with a new expiry; the id
 * of another borrower's loan is refused, because both would count the place.
 */
export function lend(
  ledger: Ledger,
  ask: { id: string; borrower: string },
  means: Means,
  time: { now: number; duration: number },
): { ledger: Ledger; answer: Answer } {
  const now = current(ledger, time.now)
  const repeated = now.lent.some((loan) => isAskedFor(loan, ask) && !loan.lapsing)
  const taken = now.lent.some(({ id, peer }) => id === ask.id && peer !== ask.borrower)
  const refusal = taken ? 'this loan is lent to another node' : refuse(now, means)
  if (refusal && !repeated) return { ledger: now, answer: { granted: false, reason: refusal } }
  const loan = { id: ask.id, peer: ask.borrower, expiresAt: time.now + time.duration }
  return {
    ledger: { ...now, lent: [...without(now.lent, ask.id), loan] },
    answer: { granted: true, loan: { id: ask.id, duration: time.duration } },
  }
}

function refuse({ lent }: Ledger, { own, active, backlog }: Means): string | undefined {
  const places = own - lent.length
  if (active >= places) return `all ${Math.max(0, places)} places are in use`
  // Tasks that wait at this node have priority for its free places.
  if (backlog > active) return `its own backlog is ${backlog}`
  return undefined
}

function isAskedFor({ id, peer }: Loan, ask: { id: string; borrower: string }): boolean {
  return id === ask.id && peer === ask.borrower
}

/**
 * Lender: renews a loan. Undefined when the loan does not exist: an expired or returned loan is never
 * revived. Also undefined, so that the loan lapses, when a lowered limit no longer covers it or it is
 * from before a restart.
 */
export function extend(
  ledger: Ledger,
  ask: { id: string; borrower: string },
  own: number,
  time: { now: number; duration: number },
): Ledger | undefined {
  const { lent, borrowed } = current(ledger, time.now)
  const loan = lent.find((one) => isAskedFor(one, ask))
  if (!loan || loan.lapsing || lent.length > own) return undefined
  const extended = { ...loan, expiresAt: time.now + time.duration }
  return { borrowed, lent: [...without(lent, ask.id), extended] }
}

/** Lender: the place is free again. Ignores unknown ids. */
export function takeBack(ledger: Ledger, ask: { id: string; borrower: string }): Ledger {
  return { ...ledger, lent: ledger.lent.filter((loan) => !isAskedFor(loan, ask)) }
}

/** Borrower: the lender granted or renewed a loan in answer to a request sent at `sentAt`. */
export function count(
  ledger: Ledger,
  loan: { id: string; lender: string; duration: number; sentAt: number },
): Ledger {
  const known = ledger.borrowed.find(({ id }) => id === loan.id)
  const until = loan.sentAt + loan.duration - marginOf(loan.duration)
  const expiresAt = Math.max(until, known?.expiresAt ?? until)
  const counted = { id: loan.id, peer: loan.lender, expiresAt }
  return { ...ledger, borrowed: [...without(ledger.borrowed, loan.id), counted] }
}

/** Borrower: stops counting a loan, even if answers for it still arrive. */
export function forget(ledger: Ledger, id: string): Ledger {
  return { ...ledger, borrowed: without(ledger.borrowed, id) }
}

/**
 * After a restart, which restarts the steady clock: lent loans are kept for a whole period, and
 * borrowed loans count only after their lender has renewed them. A kept loan may have expired before
 * the restart and one of the lender's workers may be in its place, so it is never renewed.
 */
export function restore(ledger: Ledger, time: { now: number; duration: number }): Ledger {
  const expiresAt = time.now + time.duration
  return {
    lent: ledger.lent.map((loan) => ({ ...loan, expiresAt, lapsing: true })),
    borrowed: ledger.borrowed.map((loan) => ({ ...loan, expiresAt: time.now })),
  }
}

function without(loans: Loan[], id: string): Loan[] {
  return loans.filter((loan) => loan.id !== id)
}
