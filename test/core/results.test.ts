/** Results of many nodes as one list: newest first, one a task, and the earliest of two. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { mergeResults } from '../../src/core/results.ts'
import type { Result } from '../../src/core/task.ts'

function result(id: string, completedAt: number, text = id): Result {
  return { id, result: text, iterations: 1, completedAt, attempts: 1, took: 1 }
}

it('is newest first, over all lists', () => {
  const merged = mergeResults([[result('c', 3), result('a', 1)], [result('b', 2)], []], 10)
  expect(merged.map(({ id }) => id)).toEqual(['c', 'b', 'a'])
})

it('gives no more than the top', () => {
  const list = [result('a', 1), result('b', 2), result('c', 3)]
  expect(mergeResults([list], 2).map(({ id }) => id)).toEqual(['c', 'b'])
  expect(mergeResults([list], 0)).toEqual([])
  expect(mergeResults([], 5)).toEqual([])
})

it('shows the earliest result of a task that two nodes have done, in whichever order they come', () => {
  const early = result('a', 1, 'first')
  const late = result('a', 9, 'second')
  const other = result('b', 5)
  expect(mergeResults([[late], [other, early]], 10)).toEqual([other, early])
  expect(mergeResults([[early], [other, late]], 10)).toEqual([other, early])
})

it('is the same list however the results are spread over the nodes', () => {
  const results = fc.array(
    fc.record({ id: fc.constantFrom(...'abcdef'), at: fc.nat(5), node: fc.nat(3) }),
  )
  fc.assert(
    fc.property(results, fc.nat(8), (rows, top) => {
      const all = rows.map(({ id, at }) => result(id, at))
      const spread = [0, 1, 2, 3].map((node) => all.filter((_, i) => rows[i]?.node === node))
      const merged = mergeResults(spread, top)
      expect(merged).toEqual(mergeResults([all.toReversed()], top))
      const earliest = new Map<string, number>()
      for (const { id, at } of rows) earliest.set(id, Math.min(at, earliest.get(id) ?? at))
      expect(merged.length).toBe(Math.min(top, earliest.size))
      for (const one of merged) expect(one.completedAt).toBe(earliest.get(one.id))
      const times = merged.map(({ completedAt }) => completedAt)
      expect(times).toEqual(times.toSorted((a, b) => b - a))
    }),
  )
})
