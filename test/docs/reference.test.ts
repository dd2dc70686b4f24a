/** The pages that are made from code say what the code says now. */
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { createPages, folder } from '../../scripts/reference/pages.ts'

it.each(Object.entries(createPages()))('docs/reference/%s is current', (name, text) => {
  const committed = readFileSync(`${folder}/${name}`, 'utf8')
  expect(committed, 'the page is not current: run `npm run docs` and commit').toBe(text)
})
