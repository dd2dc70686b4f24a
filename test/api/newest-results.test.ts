/** Results of many nodes as one list: newest first, one a task, and the earliest of two. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Result, Task } from '../../src/api/client.ts'
import { newestResults, type ResultSource } from '../../src/api/newest-results.ts'

function result(id: string, completedAt: number, text = id): Result {
  return { id, kind: 'sha512', result: text, iterations: 1, completedAt, attempts: 1, took: 1 }
}

interface Asked {
  limits: number[]
  lookups: number
}

/** A node with these results; answers no more than `most` to a request. */
function source(results: Result[], { most = 1000, asked }: { most?: number; asked?: Asked } = {}) {
  const sorted = results.toSorted((a, b) => b.completedAt - a.completedAt)
  const node: ResultSource = {
    async results({ limit, cursor = 0 }) {
      asked?.limits.push(limit)
      const end = cursor + Math.min(limit, most)
      const page = { results: sorted.slice(cursor, end) }
      return end < sorted.length ? { ...page, next: end } : page
    },
    async lookup(ids) {
      if (asked) asked.lookups += 1
      return results
        .filter(({ id }) => ids.includes(id))
        .map((one) => ({ ...one, state: 'succeeded' }) as unknown as Task)
    },
  }
  return node
}

const broken: ResultSource = {
  results: () => Promise.reject(new Error('away')),
  lookup: () => Promise.reject(new Error('away')),
}

async function collect(sources: ResultSource[], top: number) {
  const missing: [number, boolean][] = []
  const results: Result[] = []
  const onMissing = (index: number, _error: unknown, partly: boolean) => {
    missing.push([index, partly])
  }
  for await (const page of newestResults(sources, { top, onMissing })) results.push(...page)
  return { results, missing }
}

const idsOf = async (sources: ResultSource[], top: number) =>
  (await collect(sources, top)).results.map(({ id }) => id)

it('is newest first, over all nodes', async () => {
  const nodes = [source([result('c', 3), result('a', 1)]), source([result('b', 2)]), source([])]
  expect(await idsOf(nodes, 10)).toEqual(['c', 'b', 'a'])
})

it('gives no more than the top', async () => {
  const node = source([result('a', 1), result('b', 2), result('c', 3)])
  expect(await idsOf([node], 2)).toEqual(['c', 'b'])
  expect(await idsOf([], 5)).toEqual([])
})

it('shows the earliest result of a task that two nodes have done, also when only the later is among the newest', async () => {
  const early = result('a', 1, 'first')
  const late = result('a', 9, 'second')
  const other = result('b', 5)
  for (const nodes of [
    [source([late]), source([other, early])],
    [source([early]), source([other, late])],
  ]) {
    expect((await collect(nodes, 10)).results).toEqual([other, early])
    expect((await collect(nodes, 1)).results).toEqual([other])
  }
})

it('reads a page at a time, and no more than was asked for', async () => {
  const many = Array.from({ length: 5000 }, (_, n) => result(String(n), n))
  const asked: Asked = { limits: [], lookups: 0 }
  const pages = newestResults([source(many, { asked })], { top: 5000, onMissing: () => {} })
  const first = await pages.next()
  expect(first.value).toHaveLength(1000)
  expect(asked).toEqual({ limits: [1000], lookups: 0 })
  await pages.return(undefined)

  const few: Asked = { limits: [], lookups: 0 }
  expect(await idsOf([source(many, { asked: few })], 3)).toEqual(['4999', '4998', '4997'])
  expect(few).toEqual({ limits: [3], lookups: 0 })
})

it('says which node is missing, and goes on with the others', async () => {
  const ok = source([result('a', 1)])
  expect(await collect([broken, ok], 5)).toEqual({
    results: [result('a', 1)],
    missing: [[0, false]],
  })
  const many = Array.from({ length: 1500 }, (_, n) => result(String(n), n))
  let pages = 0
  const half: ResultSource = {
    ...source(many),
    results: (page) => (pages++ === 0 ? source(many).results(page) : broken.results(page)),
  }
  const { results, missing } = await collect([half, ok], 2000)
  expect(missing).toEqual([[0, true]])
  expect(results).toHaveLength(1001)
})

it('is the same list however the results are spread over the nodes, whatever the size of pages', async () => {
  const rows = fc.array(
    fc.record({ id: fc.constantFrom(...'abcdef'), at: fc.nat(5), node: fc.nat(3) }),
  )
  await fc.assert(
    fc.asyncProperty(
      rows,
      fc.integer({ min: 1, max: 8 }),
      fc.constantFrom(1, 2, 9),
      async (all, top, most) => {
        const seen = new Set<string>()
        const kept = all.filter(({ id, node }) => !seen.has(id + node) && seen.add(id + node))
        const nodes = [0, 1, 2, 3].map((node) =>
          source(
            kept.filter((row) => row.node === node).map(({ id, at }) => result(id, at)),
            { most },
          ),
        )
        const { results } = await collect(nodes, top)
        const earliest = new Map<string, number>()
        for (const { id, at } of kept) earliest.set(id, Math.min(at, earliest.get(id) ?? at))
        const newest = [...earliest.values()].toSorted((a, b) => b - a).slice(0, top)
        expect(results.map(({ completedAt }) => completedAt)).toEqual(newest)
        expect(new Set(results.map(({ id }) => id)).size).toBe(results.length)
        for (const { id, completedAt } of results) expect(completedAt).toBe(earliest.get(id))
      },
    ),
  )
})
