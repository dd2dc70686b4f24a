/** Another secret, step by step: whatever is repeated, at no moment are both sides locked out. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type Keys, type RotationPhase, rotate, rotationPhases } from '../../src/core/keys.ts'

const step = (next: string, phase: RotationPhase, askedUnder: 'current' | 'next' = 'current') => ({
  next,
  phase,
  askedUnder,
})

it('goes from one secret to the next', () => {
  const accepting = rotate({ current: 'a' }, step('b', 'accept'))
  expect(accepting).toEqual({ current: 'a', next: 'b' })
  const giving = rotate(accepting, step('b', 'give'))
  expect(giving).toEqual({ current: 'a', next: 'b', giving: true })
  expect(rotate(giving, step('b', 'only', 'next'))).toEqual({ current: 'b' })
})

it('begins anew with yet another secret, from whichever side has the newer one', () => {
  const keys: Keys = { current: 'a', next: 'b', giving: true }
  expect(rotate(keys, step('c', 'accept'))).toEqual({ current: 'a', next: 'c' })
  expect(rotate(keys, step('c', 'accept', 'next'))).toEqual({ current: 'b', next: 'c' })
})

it('refuses a step for a secret that it does not know', () => {
  for (const phase of ['give', 'only'] as const) {
    expect(() => rotate({ current: 'a' }, step('b', phase))).toThrow('does not know that secret')
    expect(() => rotate({ current: 'a', next: 'c' }, step('b', phase))).toThrow()
  }
})

/** A laptop does what `tm rotate-tokens` does, killed and begun anew at any step, with one of two nodes behind. */
it('never locks out whoever makes the steps in order, however often they are broken off', () => {
  const breaks = fc.array(fc.nat(7), { maxLength: 8 })
  fc.assert(
    fc.property(breaks, (cuts) => {
      let secret = 'a'
      let draft: string | undefined
      let made = 0
      const nodes: Keys[] = [{ current: 'a' }, { current: 'a' }]
      const ask = (index: number, phase: RotationPhase, next: string) => {
        const keys = nodes[index] as Keys
        const under = keys.current === secret ? 'current' : keys.next === secret ? 'next' : 'none'
        expect(under).not.toBe('none')
        nodes[index] = rotate(keys, step(next, phase, under as 'current' | 'next'))
      }
      for (const cut of [...cuts, 99]) {
        draft ??= `b${made++}`
        const next = draft
        const steps = [
          ...(['accept', 'give'] as const).flatMap((phase) =>
            nodes.map((_, index) => () => ask(index, phase, next)),
          ),
          () => {
            secret = next
            draft = undefined
          },
          ...nodes.map((_, index) => () => ask(index, 'only', next)),
        ]
        for (const one of steps.slice(0, cut)) one()
      }
      expect(nodes).toEqual([{ current: secret }, { current: secret }])
    }),
  )
})

it('does each step again with the same end', () => {
  const phases = fc.array(fc.constantFrom(...rotationPhases), { minLength: 1, maxLength: 5 })
  fc.assert(
    fc.property(phases, (given) => {
      let keys: Keys = rotate({ current: 'a' }, step('b', 'accept'))
      for (const phase of given) {
        const under = keys.current === 'b' ? 'current' : 'next'
        keys = rotate(keys, step('b', phase, under))
        expect(rotate(keys, step('b', phase, keys.current === 'b' ? 'current' : 'next'))).toEqual(
          keys,
        )
      }
    }),
  )
})
