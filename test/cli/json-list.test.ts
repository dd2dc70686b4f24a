import { expect, it } from 'vitest'
import { jsonList } from '../../src/cli/json-list.ts'

it.each([
  { pages: [] },
  { pages: [[]] },
  { pages: [[{ a: 1, b: { c: ['x\n  y', 2] } }]] },
  { pages: [[{ a: 1 }, { a: 2 }], [], [{ a: 3 }]] },
])('is printed as if it were whole: $pages', ({ pages }) => {
  let printed = ''
  const list = jsonList('results', (text) => {
    printed += text
  })
  for (const page of pages) list.add(page)
  list.end()
  expect(printed).toBe(`${JSON.stringify({ results: pages.flat() }, undefined, 2)}\n`)
})
