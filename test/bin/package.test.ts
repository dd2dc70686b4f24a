/** The tarball that people install: it has a license, and the links of its pages lead to pages in it. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { beforeAll, expect, it } from 'vitest'
import { root } from './tm.ts'

const own = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
let files: string[]
beforeAll(() => {
  // The build is there already, and others use it while this runs: no scripts.
  const args = ['pack', '--dry-run', '--json', '--ignore-scripts']
  const packed = JSON.parse(execFileSync('npm', args, { cwd: root, encoding: 'utf8' }))
  files = Object.values<{ files: { path: string }[] }>(packed).flatMap((one) =>
    one.files.map(({ path }) => path),
  )
})

it('holds the program, its pages and its license, and nothing of the sources', () => {
  expect(files).toEqual(
    expect.arrayContaining(['bin/run.js', 'oclif.manifest.json', 'README.md', 'LICENSE']),
  )
  expect(files.filter((file) => /^(src|test|kernel|bench|scripts|\.ci)\//.test(file))).toEqual([])
})

it('has the license that package.json names', () => {
  expect(own.license).toBe('MIT')
  expect(readFileSync(join(root, 'LICENSE'), 'utf8')).toMatch(
    /^MIT License\n\nCopyright \(c\) \d{4} /,
  )
})

it('has every page that one of its pages links to', () => {
  const broken = files
    .filter((file) => file.endsWith('.md'))
    .flatMap((file) => {
      const text = readFileSync(join(root, file), 'utf8').replace(/^```.*?^```/gms, '')
      const links = [...text.matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)].map(([, link = '']) => link)
      const targets = links.filter((link) => !/^https?:/.test(link))
      return targets.map((link) => normalize(join(dirname(file), link)))
    })
    .filter((target) => !files.some((file) => file === target || file.startsWith(`${target}/`)))
  expect(broken).toEqual([])
})

it('demands the Node that tm starts on', () => {
  const [, wanted] =
    /^const wanted = (\d+)$/m.exec(readFileSync(join(root, 'bin/run.js'), 'utf8')) ?? []
  expect(own.engines).toEqual({ node: `>=${wanted}` })
})
