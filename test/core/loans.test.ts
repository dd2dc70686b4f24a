/** Both ledgers, message by message. That they add up over histories: `loans.property.test.ts`. */
import { describe, expect, it } from 'vitest'
import {
  count,
  current,
  emptyLedger,
  extend,
  forget,
  type Ledger,
  lend,
  marginOf,
  restore,
  takeBack,
} from '../../src/core/loans.ts'

const ask = { id: 'l1', borrower: 'b' }
const at = (now: number) => ({ now, duration: 60_000 })
const idle = { own: 2, active: 0, backlog: 0 }

const lentAt = (now: number, ledger: Ledger = emptyLedger) =>
  lend(ledger, ask, idle, at(now)).ledger
const borrowed = (sentAt: number, ledger: Ledger = emptyLedger) =>
  count(ledger, { id: 'l1', lender: 'a', duration: 60_000, sentAt })

describe('lend', () => {
  it('writes the loan down for as long as it says', () => {
    const { ledger, answer } = lend(emptyLedger, ask, idle, at(1000))
    expect(answer).toEqual({ granted: true, loan: { id: 'l1', duration: 60_000 } })
    expect(ledger.lent).toEqual([{ id: 'l1', peer: 'b', expiresAt: 61_000 }])
  })

  it.each([
    [{ own: 2, active: 1, backlog: 0 }, undefined],
    [{ own: 2, active: 1, backlog: 1 }, undefined],
    [{ own: 2, active: 2, backlog: 0 }, 'all 2 places are in use'],
    [{ own: 2, active: 3, backlog: 0 }, 'all 2 places are in use'],
    [{ own: 0, active: 0, backlog: 0 }, 'all 0 places are in use'],
    [{ own: 2, active: 0, backlog: 1 }, 'its own backlog is 1'],
    [{ own: 5, active: 1, backlog: 2 }, 'its own backlog is 2'],
  ])('with %o: refused for %o', (means, reason) => {
    const { ledger, answer } = lend(emptyLedger, ask, means, at(0))
    const granted = { granted: true, loan: { id: 'l1', duration: 60_000 } }
    expect(answer).toEqual(reason ? { granted: false, reason } : granted)
    expect(ledger.lent).toHaveLength(reason ? 0 : 1)
  })

  it('lends no place twice', () => {
    const full = lend(lentAt(0), { id: 'l2', borrower: 'c' }, { ...idle, own: 1 }, at(1))
    expect(full.answer).toEqual({ granted: false, reason: 'all 0 places are in use' })
    const second = lend(lentAt(0), { id: 'l2', borrower: 'c' }, idle, at(1))
    expect(second.ledger.lent.map(({ id }) => id)).toEqual(['l1', 'l2'])
  })

  it('makes one loan of the same question asked twice, with a new expiry, even when full', () => {
    const again = lend(lentAt(0), ask, { own: 1, active: 1, backlog: 9 }, at(5000))
    expect(again.answer).toMatchObject({ granted: true })
    expect(again.ledger.lent).toEqual([{ id: 'l1', peer: 'b', expiresAt: 65_000 }])
  })

  it('has a place again when the loan has expired, at that very moment', () => {
    const other = { id: 'l2', borrower: 'c' }
    const means = { ...idle, own: 1 }
    expect(lend(lentAt(0), other, means, at(59_999)).answer.granted).toBe(false)
    const { ledger, answer } = lend(lentAt(0), other, means, at(60_000))
    expect(answer.granted).toBe(true)
    expect(ledger.lent.map(({ id }) => id)).toEqual(['l2'])
  })
})

describe('extend', () => {
  it('gives the loan a whole period from now', () => {
    expect(extend(lentAt(0), ask, 2, at(59_999))?.lent).toEqual([
      { id: 'l1', peer: 'b', expiresAt: 119_999 },
    ])
  })

  it.each([
    ['an expired loan', lentAt(0), ask, 2, 60_000],
    ['a returned loan', takeBack(lentAt(0), ask), ask, 2, 1],
    ['an unknown loan', emptyLedger, ask, 2, 1],
    ['the loan of another sibling', lentAt(0), { id: 'l1', borrower: 'c' }, 2, 1],
    ['a loan that a lowered limit does not cover', lentAt(0), ask, 0, 1],
    ['a loan from before a restart', restore(lentAt(0), at(0)), ask, 2, 1],
  ])('never brings back %s', (_what, ledger, question, own, now) => {
    expect(extend(ledger, question, own, at(now))).toBeUndefined()
  })
})

describe('takeBack', () => {
  it('frees the place', () => {
    expect(takeBack(lentAt(0), ask).lent).toEqual([])
  })

  it('changes nothing for an unknown loan, or for another sibling', () => {
    expect(takeBack(lentAt(0), { id: 'l2', borrower: 'b' })).toEqual(lentAt(0))
    expect(takeBack(lentAt(0), { id: 'l1', borrower: 'c' })).toEqual(lentAt(0))
  })
})

describe('count', () => {
  it('dates the loan from the question, and ends a margin early', () => {
    expect(marginOf(60_000)).toBe(20_000)
    const loan = { id: 'l1', peer: 'a', expiresAt: 41_000 }
    expect(borrowed(1000)).toEqual({ lent: [], borrowed: [loan] })
  })

  it('is one place however often it is answered, and a late answer shortens nothing', () => {
    const late = borrowed(1000, borrowed(9000))
    expect(late.borrowed).toEqual([{ id: 'l1', peer: 'a', expiresAt: 49_000 }])
    expect(borrowed(9000, borrowed(1000))).toEqual(late)
  })

  it('is over when it is forgotten', () => {
    expect(forget(borrowed(0), 'l1')).toEqual(emptyLedger)
    expect(forget(borrowed(0), 'l2')).toEqual(borrowed(0))
  })
})

describe('current', () => {
  it.each([
    [39_999, 1, 1],
    [40_000, 1, 0],
    [59_999, 1, 0],
    [60_000, 0, 0],
  ])('at %i: %i lent, %i borrowed', (now, lent, left) => {
    const ledger = borrowed(0, lentAt(0))
    expect(current(ledger, now).lent).toHaveLength(lent)
    expect(current(ledger, now).borrowed).toHaveLength(left)
  })

  it('is the same object while nothing expires, so that nothing is written', () => {
    const ledger = borrowed(0, lentAt(0))
    expect(current(ledger, 1)).toBe(ledger)
  })
})

describe('restore', () => {
  const old = borrowed(5e9, lentAt(5e9))

  it('keeps what was lent for a whole period of the new clock', () => {
    const { lent } = restore(old, at(100))
    expect(lent).toEqual([{ id: 'l1', peer: 'b', expiresAt: 60_100, lapsing: true }])
    expect(current(restore(old, at(100)), 60_099).lent).toHaveLength(1)
  })

  it('counts nothing of what was borrowed until it is renewed', () => {
    const restored = restore(old, at(100))
    expect(current(restored, 100).borrowed).toEqual([])
    expect(current(borrowed(200, restored), 300).borrowed).toHaveLength(1)
  })

  it('does not lend the kept place for a late repetition of the question', () => {
    const restored = restore(lentAt(0), at(100))
    const means = { ...idle, own: 1, active: 1 }
    expect(lend(restored, ask, means, at(101)).answer.granted).toBe(false)
    const withRoom = lend(restored, ask, { ...idle, own: 2 }, at(101))
    expect(withRoom.ledger.lent).toEqual([{ id: 'l1', peer: 'b', expiresAt: 60_101 }])
  })

  it('frees the kept place when it is given back', () => {
    expect(takeBack(restore(lentAt(0), at(100)), ask).lent).toEqual([])
  })

  it('survives being written as JSON', () => {
    expect(JSON.parse(JSON.stringify(restore(old, at(100))))).toEqual(restore(old, at(100)))
  })
})
