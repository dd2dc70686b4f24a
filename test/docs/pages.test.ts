/** The pages that people read: the README stays short, and every link leads somewhere. */
import { existsSync, globSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '../..')
const pages = [
  ...readdirSync(root),
  ...readdirSync(`${root}/docs`, { recursive: true, encoding: 'utf8' }).map((one) => `docs/${one}`),
].filter((file) => file.endsWith('.md'))

const read = (file: string) => readFileSync(join(root, file), 'utf8')

/** Without code, in which brackets mean something else and `#` is no heading. */
const prose = (text: string) => text.replace(/^```.*?^```/gms, '').replace(/`[^`\n]*`\n/g, '\n')

/** As GitHub names the headings of a page. */
function anchors(text: string): string[] {
  return [...prose(`${text}\n`).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  )
}

it('the README is at most 7 KB', () => {
  expect(statSync(`${root}/README.md`).size).toBeLessThanOrEqual(7 * 1024)
})

it.each(pages)('the links of %s lead somewhere', (file) => {
  const links = [...prose(read(file)).matchAll(/\]\(([^)]+)\)/g)].map(([, link = '']) => link)
  const broken = links.filter((link) => {
    if (/^https?:/.test(link)) return false
    const [path = '', anchor] = link.split('#')
    const target = path === '' ? file : join(dirname(file), path)
    if (!existsSync(join(root, target))) return true
    return anchor !== undefined && !anchors(read(target)).includes(anchor)
  })
  expect(broken).toEqual([])
})

it.each(pages)('the files that %s names are there', (file) => {
  const named = [...read(file).matchAll(/`((?:src|test|docs|scripts|bench|kernel)\/[^`\s]*)`/g)]
  const missing = named.flatMap(([, path = '']) =>
    alternatives(path).filter((one) => globSync(one, { cwd: root }).length === 0),
  )
  expect(missing).toEqual([])
})

/** `a/{b,c}.ts` means both. */
function alternatives(path: string): string[] {
  const [all, start = '', middle = '', end = ''] = /^(.*)\{(.*)\}(.*)$/.exec(path) ?? []
  return all ? middle.split(',').map((one) => `${start}${one}${end}`) : [path]
}

it('every page of the docs is reached from the README', () => {
  const reached = new Set(['README.md'])
  for (const file of reached) {
    if (!existsSync(join(root, file)) || !file.endsWith('.md')) continue
    for (const [, link = ''] of read(file).matchAll(/\]\(([^)#]+)/g)) {
      if (!/^https?:/.test(link)) reached.add(join(dirname(file), link))
    }
  }
  const hidden = pages.filter(
    (file) => !reached.has(file) && !(reached.has('docs/decisions') && file.includes('decisions/')),
  )
  expect(hidden).toEqual([])
})
