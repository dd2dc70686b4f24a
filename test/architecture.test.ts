/**
 * Holds the shape of the house by reading its import lines: which part may know which, where a
 * library may be used, who looks at the environment and the clock, and how long a file may get.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const src = resolve(import.meta.dirname, '../src')
const parts = [
  'core',
  'provider',
  'client',
  'node',
  'worker',
  'instance',
  'cli',
  'commands',
] as const
type Part = (typeof parts)[number]

/** What each part may import of ours, besides itself. */
const mayImport: Record<Part, Part[]> = {
  core: [],
  provider: ['core'],
  client: ['core'],
  node: ['core', 'provider', 'client'],
  worker: ['core', 'client'],
  instance: ['core', 'provider', 'client', 'node', 'worker'],
  cli: ['core', 'provider', 'client', 'node', 'worker', 'instance'],
  commands: ['core', 'provider', 'client', 'node', 'worker', 'instance', 'cli'],
}

/** Of these, only types: they must cost nothing when the program runs. */
const typesOnly: [Part, Part][] = [['client', 'node']]

/** Libraries that only one part may know. */
const onlyIn: { library: RegExp; place: RegExp }[] = [
  { library: /^@aws-sdk\//, place: /^provider\/ec2\// },
  { library: /^(ora|chalk)$/, place: /^cli\// },
  { library: /^@inquirer\//, place: /^commands\// },
  { library: /^@oclif\//, place: /^(cli|commands)\// },
  { library: /^node:sqlite$/, place: /^node\/store\/sqlite\// },
  { library: /^@hono\//, place: /^node\// },
]

interface Import {
  file: string
  target: string
  isType: boolean
}

const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => ({ file, text: readFileSync(join(src, file), 'utf8') }))

const imports: Import[] = files.flatMap(({ file, text }) =>
  [
    ...text.matchAll(
      /^(?:import|export)\s+(type\s)?[^'"]*?from\s+'([^']+)'|import\('([^']+)'\)/gms,
    ),
  ].map(([, type, from, dynamic]) => ({
    file,
    target: from ?? dynamic ?? '',
    isType: type !== undefined,
  })),
)

const ours = imports.filter(({ target }) => target.startsWith('.'))
const partOf = (file: string) => file.split('/')[0] as Part
const resolved = ({ file, target }: Import) => relative(src, resolve(src, dirname(file), target))

describe('the house', () => {
  it('is read: every part has files, and they import each other', () => {
    for (const part of parts) expect(files.some(({ file }) => partOf(file) === part)).toBe(true)
    expect(ours.length).toBeGreaterThan(100)
  })

  it('has no other parts', () => {
    expect([...new Set(files.map(({ file }) => partOf(file)))].sort()).toEqual([...parts].sort())
  })

  it('imports in one direction', () => {
    const wrong = ours.filter((one) => {
      const [from, to] = [partOf(one.file), partOf(resolved(one))]
      if (from === to || mayImport[from].includes(to)) return false
      return !(one.isType && typesOnly.some(([a, b]) => a === from && b === to))
    })
    expect(wrong).toEqual([])
  })

  it('keeps each library in its place', () => {
    const wrong = imports.filter(({ file, target }) =>
      onlyIn.some(({ library, place }) => library.test(target) && !place.test(file)),
    )
    expect(wrong).toEqual([])
  })

  it('reads the environment in one place', () => {
    const readers = files.filter(({ text }) => /\bprocess\.env\b/.test(text))
    expect(readers.map(({ file }) => file)).toEqual(['cli/base.ts'])
  })

  it('has no clock and no chance in the core', () => {
    const impure = files.filter(
      ({ file, text }) =>
        partOf(file) === 'core' &&
        /Date\.now|new Date\(|performance\.|Math\.random|randomBytes/.test(text),
    )
    expect(impure.map(({ file }) => file)).toEqual([])
  })

  it('has stores and providers without optional methods', () => {
    for (const file of ['node/store/store.ts', 'provider/provider.ts']) {
      const text = files.find((one) => one.file === file)?.text ?? ''
      const [, body = ''] = /export interface (?:Store|Provider) \{\n(.*?)\n\}\n/s.exec(text) ?? []
      expect(body).toContain('Promise<')
      expect(body).not.toMatch(/\?\s*\(|\?:\s*\(/)
    }
  })

  it('opens every file with what it holds', () => {
    const silent = files.filter(({ file, text }) => {
      if (partOf(file) === 'commands') return !text.includes('static override summary')
      return !/^\/\*\*|^\/\/ /.test(text)
    })
    expect(silent.map(({ file }) => file)).toEqual([])
  })

  it('keeps files small', () => {
    const long = files.filter(({ text }) => text.split('\n').length > 250)
    expect(long.map(({ file }) => file)).toEqual([])
  })

  it('has one file a command, which calls and prints', () => {
    for (const { file, text } of files.filter((one) => partOf(one.file) === 'commands')) {
      expect(text.match(/extends TmCommand/g), file).toHaveLength(1)
    }
  })
})

describe('the auditor of the soak', () => {
  it('shares no code with what it judges', () => {
    const soak = resolve(import.meta.dirname, 'soak')
    const own = ['auditor.ts', 'eyes.ts', 'closing.ts', 'events.ts']
    const known = new Set(['node:crypto', ...own.map((file) => `./${file}`)])
    const targets = own.flatMap((file) => {
      const text = readFileSync(join(soak, file), 'utf8')
      return [...text.matchAll(/(?:from|import\() ?'([^']+)'/g)].map(([, target]) => target)
    })
    expect(targets).toContain('./events.ts')
    expect(targets.filter((target) => !known.has(target ?? ''))).toEqual([])
  })
})
