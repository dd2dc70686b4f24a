import { expect, it } from 'vitest'
import { jsonList } from '../../../src/cli/output/json-list.ts'

it.each([
  { pages: [] },
  { pages: [[]] },
  { pages: [[{ a: 1, b: { c: ['x\n  y', 2] } }]] },
  { pages: [[{ a: 1 }, { a: 2 }], [], [{ a: 3 }]] },
])('is printed as if it were whole: $pages', async ({ pages }) => {
  let printed = ''
  const list = jsonList('results', async (texts) => {
    printed += texts.join('')
    return texts.length
  })
  for (const page of pages) expect(await list.add(page)).toBe(page.length)
  await list.end()
  expect(printed).toBe(`${JSON.stringify({ results: pages.flat() }, undefined, 2)}\n`)
})
