/** What a file of `src/` may hold: who reads the environment and the clock, and how long a file may get. */
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { files } from './sources.ts'

const linesOf = (text: string) => text.trimEnd().split('\n').length
const isCommand = (file: string) => file.startsWith('commands/')

describe('the files', () => {
  it('read the environment in one place', () => {
    const readers = files.filter(({ text }) => /\bprocess\.env\b/.test(text))
    expect(readers.map(({ file }) => file)).toEqual(['cli/base.ts'])
  })

  it('have no clock and no randomness in the core', () => {
    const impure = files.filter(
      ({ file, text }) =>
        file.startsWith('core/') &&
        /Date\.now|new Date\(|performance\.|Math\.random|randomBytes/.test(text),
    )
    expect(impure.map(({ file }) => file)).toEqual([])
  })

  it('declare stores and providers without optional methods', () => {
    for (const file of ['node/store/task-store.ts', 'provider/provider.ts']) {
      const text = files.find((one) => one.file === file)?.text ?? ''
      const [, body = ''] =
        /export interface (?:TaskStore|Provider) \{\n(.*?)\n\}\n/s.exec(text) ?? []
      expect(body).toContain('Promise<')
      expect(body).not.toMatch(/\?\s*\(|\?:\s*\(/)
    }
  })

  it('say at the top what they hold, unless they are short', () => {
    const silent = files.filter(({ file, text }) => {
      if (isCommand(file)) return !text.includes('static override summary')
      return linesOf(text) >= 30 && !/^\/\*\*|^\/\/ /.test(text)
    })
    expect(silent.map(({ file }) => file)).toEqual([])
  })

  it('know the parameters of a kind of work only where that kind lives', () => {
    const allowed = [
      /^kinds\/sha512\//,
      // Its command, and the two routes by which it came in before there were kinds.
      /^commands\/enqueue\.ts$/,
      /^api\/contract\/sha512\.ts$/,
      /^node\/http\/(routes\/enqueue|enqueue-fast-path)\.ts$/,
      // The migration of databases from that time.
      /^node\/store\/sqlite\/schema\.ts$/,
    ]
    const knowing = files.filter(({ text }) => /iterations/.test(text)).map(({ file }) => file)
    expect(knowing.length).toBeGreaterThan(3)
    expect(knowing.filter((file) => !allowed.some((place) => place.test(file)))).toEqual([])
  })

  it('are small', () => {
    const long = files.filter(({ text }) => linesOf(text) > 250)
    expect(long.map(({ file }) => file)).toEqual([])
  })

  it('hold one command each in commands/', () => {
    for (const { file, text } of files.filter((one) => isCommand(one.file))) {
      expect(text.match(/extends TmCommand/g), file).toHaveLength(1)
    }
  })
})

describe('the auditor of the soak', () => {
  it('shares no code with what it judges', () => {
    const soak = resolve(import.meta.dirname, '../soak')
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
