/** Each dependency has a reason in docs/dependencies.md and an exact version, and only one runs code when installed. */
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

interface Package {
  dependencies: Record<string, string>
  devDependencies: Record<string, string>
  allowScripts: Record<string, boolean>
}

interface Lock {
  packages: Record<
    string,
    { version?: string; integrity?: string; hasInstallScript?: boolean; optional?: boolean }
  >
}

const read = (file: string) => readFileSync(new URL(`../${file}`, import.meta.url), 'utf8')
const own = JSON.parse(read('package.json')) as Package
const lock = JSON.parse(read('package-lock.json')) as Lock
const [runtime = '', development = ''] = read('docs/dependencies.md').split('## To develop')

/** The names in the first column of the tables; `-iam` goes with the name before it. */
function listed(text: string): string[] {
  const cells = [...text.matchAll(/^\| (`.*?`) \|/gm)].map(([, cell = '']) => cell)
  return cells.flatMap((cell) => {
    const names = [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name)
    const [first = ''] = names
    return names.map((name) => (name.startsWith('-') ? first.replace(/-[a-z0-9]+$/, name) : name))
  })
}

it('each dependency has its reason in the docs', () => {
  expect(listed(runtime).sort()).toEqual(Object.keys(own.dependencies).sort())
  expect(listed(development).sort()).toEqual(Object.keys(own.devDependencies).sort())
})

it('each has an exact version, and the lock file pins everything with a hash', () => {
  for (const version of Object.values({ ...own.dependencies, ...own.devDependencies })) {
    expect(version).toMatch(/^\d+\.\d+\.\d+$/)
  }
  const loose = Object.entries(lock.packages).filter(
    ([path, { integrity }]) => path !== '' && !integrity,
  )
  expect(loose.map(([path]) => path)).toEqual([])
})

it('only node may run a script when it is installed', () => {
  const scripted = Object.entries(lock.packages)
    .filter(([, { hasInstallScript }]) => hasInstallScript)
    .map(([path]) => path.replace(/^.*node_modules\//, ''))
  expect([...new Set(scripted)].sort()).toEqual(Object.keys(own.allowScripts).sort())
  const allowed = Object.entries(own.allowScripts).filter(([, allow]) => allow)
  expect(allowed).toEqual([['node', true]])
})
