/**
 * Loans: a part of one node's limit lent to a sibling, with an expiry. Two pure ledgers, one for
 * each side; `node/loans.ts` carries the messages between them.
 *
 * Why messages can be lost, doubled or reordered and the cluster still never exceeds its total: the
 * lender writes a loan down before it answers, and takes the place back only when the loan has
 * expired on its own clock. The borrower counts a loan only from an answer to a question it still
 * waits for, dates it from the moment it *sent* that question, and stops counting it a margin
 * early, in which the worker in that place is made to leave. What goes wrong leaves a place unused
 * until the expiry. (Leases with a holder that gives up first: Gray & Cheriton, SOSP 1989.)
 */
export interface Loan {
  /** Made by the borrower, so that asking twice is one loan. */
  id: string
  /** The sibling on the other side. */
  peer: string
  /** Steady milliseconds, on the clock of whoever holds the ledger. */
  expiresAt: number
  /** Lent before a restart: kept until it expires, and never renewed. See {@link restore}. */
  lapsing?: true
}

export interface Ledger {
  lent: Loan[]
  borrowed: Loan[]
}

export const emptyLedger: Ledger = { lent: [], borrowed: [] }

/** What the lender has: its own limit, its workers, and the tasks waiting at its own door. */
export interface Means {
  own: number
  active: number
  backlog: number
}

/** The answer to a question for a loan; `duration` is in milliseconds. */
export type Answer =
  | { granted: true; loan: { id: string; duration: number } }
  | { granted: false; reason: string }

/** How early the borrower stops counting a loan: the time its worker has to leave. */
export function marginOf(duration: number): number {
  return duration / 3
}

/** Both sides: the ledger without what has expired. */
export function current(ledger: Ledger, now: number): Ledger {
  const alive = (loan: Loan) => loan.expiresAt > now
  if (ledger.lent.every(alive) && ledger.borrowed.every(alive)) return ledger
  return { lent: ledger.lent.filter(alive), borrowed: ledger.borrowed.filter(alive) }
}

/**
 * Lender: whether to lend one place. The same id again is the same loan, with a new expiry; from
 * another borrower it is refused, for the place would be counted by both.
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
  // What waits here and is not being worked on has the first claim to a free place.
  if (backlog > active) return `a backlog of ${backlog} of its own`
  return undefined
}

function isAskedFor({ id, peer }: Loan, ask: { id: string; borrower: string }): boolean {
  return id === ask.id && peer === ask.borrower
}

/**
 * Lender: the borrower still uses the place. Undefined when there is no such loan: an expired or
 * returned one is never brought back, and one that a lowered limit no longer covers, or that is
 * older than a restart, is let lapse.
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

/** Lender: the place is free again. Unknown ids change nothing. */
export function takeBack(ledger: Ledger, ask: { id: string; borrower: string }): Ledger {
  return { ...ledger, lent: ledger.lent.filter((loan) => !isAskedFor(loan, ask)) }
}

/** Borrower: a loan was granted, or renewed, in answer to a question sent at `sentAt`. */
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

/** Borrower: this loan is not counted any more, whatever answers still arrive for it. */
export function forget(ledger: Ledger, id: string): Ledger {
  return { ...ledger, borrowed: without(ledger.borrowed, id) }
}

/**
 * After a restart the steady clock began anew: what was lent is kept for a whole period, and what
 * was borrowed counts for nothing until its lender has renewed it. A kept loan may have expired
 * before the restart and a worker of the lender's own be in its place, so it is never renewed.
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
