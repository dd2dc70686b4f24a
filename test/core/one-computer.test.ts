/** What fits a computer that nodes and workers share. */
import { describe, expect, it } from 'vitest'
import { describeOverload, localDefaults, refuseOverload } from '../../src/core/one-computer.ts'

describe('defaults', () => {
  it.each([
    [1, 2, 1],
    [2, 2, 1],
    [3, 2, 2],
    [8, 2, 4],
    [8, 1, 8],
    [64, 3, 22],
  ])('%i cores for %i nodes: %i workers each', (cores, nodes, maxWorkers) => {
    expect(localDefaults({ cores, nodes })).toEqual({ maxWorkers, scaleAfter: 1000 })
  })

  it('are never too many', () => {
    for (const cores of [1, 2, 3, 8, 64, 192]) {
      for (const nodes of [1, 2, 5, 20]) {
        const load = { ...localDefaults({ cores, nodes }), slots: 1 }
        expect(() => refuseOverload(load, { cores, nodes })).not.toThrow()
      }
    }
  })
})

describe('what a computer can not bear', () => {
  const two = { cores: 2, nodes: 2 }
  it.each([
    [{ maxWorkers: 16, slots: 1 }, two, true],
    [{ maxWorkers: 17, slots: 1 }, two, false],
    [{ maxWorkers: 1000, slots: 1 }, two, false],
    [{ maxWorkers: 1, slots: 256 }, two, false],
    [{ maxWorkers: 4, slots: 8 }, two, false],
    [{ maxWorkers: 0, slots: 256 }, two, true],
    [{ maxWorkers: 64, slots: 2 }, { cores: 16, nodes: 2 }, true],
    [{ maxWorkers: 16, slots: 1 }, { cores: 1, nodes: 20 }, true],
  ])('%o on %o', (load, computer, isBearable) => {
    const refuse = () => refuseOverload(load, computer)
    if (isBearable) expect(refuse).not.toThrow()
    else expect(refuse).toThrow(expect.objectContaining({ code: 'invalid' }))
  })

  it('is said, with what is possible and what is sensible', () => {
    expect(() => refuseOverload({ maxWorkers: 1000, slots: 2 }, two)).toThrow(
      expect.objectContaining({
        message:
          'With 1,000 workers of 2 slots a node would run 2,000 tasks at once, and this computer has 2 cores',
        suggestions: [
          'At most 16 are possible: the product of maxWorkers and slots',
          'For work that needs the processor, --max-workers 1 is as fast',
        ],
      }),
    )
  })
})

it('more than sensible is only said', () => {
  const eight = { cores: 8, nodes: 2 }
  expect(describeOverload({ maxWorkers: 8, slots: 1 }, eight)).toBeUndefined()
  expect(describeOverload({ maxWorkers: 9, slots: 1 }, eight)).toBe(
    'Note: up to 18 tasks at once on 8 cores. For work that needs the processor, --max-workers 4 is as fast.',
  )
})
