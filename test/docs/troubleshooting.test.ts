/**
 * The page for when something is wrong: its symptoms are messages of tm, its commands and those of all
 * other pages exist with the flags that they are given, and those of a local cluster are run.
 */
import { globSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { run } from '../commands/run.ts'
import { makeWorld, type World } from '../commands/world.ts'
import { commandsIn, type NamedCommand, rowsOf } from './commands-in-pages.ts'

const root = resolve(import.meta.dirname, '../..')
const read = (file: string) => readFileSync(join(root, file), 'utf8')
const page = read('docs/troubleshooting.md')
const rows = rowsOf(page)

interface Manifest {
  commands: Record<
    string,
    { flags: Record<string, { char?: string; aliases?: string[] }>; hidden?: boolean }
  >
}
const manifest = JSON.parse(read('oclif.manifest.json')) as Manifest

/** What is wrong with a command that a page names; undefined if nothing is. */
function problemOf({ words }: NamedCommand): string | undefined {
  const [first = '', second = ''] = words
  const command = manifest.commands[`${first}:${second}`] ?? manifest.commands[first]
  if (!command) return `there is no command ${first}`
  const flags = Object.entries(command.flags)
  const known = flags.flatMap(([name, { char, aliases = [] }]) => [
    `--${name}`,
    `--no-${name}`,
    ...aliases.map((alias) => `--${alias}`),
    ...(char ? [`-${char}`] : []),
  ])
  const unknown = words
    .filter((word) => /^--?[a-z]/.test(word))
    .map((word) => word.replace(/=.*/, ''))
    .filter((flag) => flag !== '--help' && !known.includes(flag))
  return unknown.length > 0 ? `${first} has no ${unknown.join(', ')}` : undefined
}

it.each(['README.md', ...globSync('{docs,docs/reference}/*.md', { cwd: root }), 'SECURITY.md'])(
  'the commands that %s names exist, with these flags',
  (file) => {
    const problems = commandsIn(read(file)).flatMap((command) => {
      const problem = problemOf(command)
      return problem === undefined ? [] : [`${command.text}: ${problem}`]
    })
    expect(problems).toEqual([])
  },
)

it('a command or flag that does not exist would be found', () => {
  const wrong = (text: string) => commandsIn(`\`${text}\``).map(problemOf)
  expect(wrong('tm upp --local')).toEqual(['there is no command upp'])
  expect(wrong('tm up --lokal')).toEqual(['up has no --lokal'])
  expect(wrong('tm node serve --id x')).toEqual([undefined])
  expect(wrong('tm wait - < ids | tm retry --all')).toEqual([undefined, 'retry has no --all'])
})

describe('each symptom', () => {
  const source = globSync('src/**/*.ts', { cwd: root }).map(read).join('\n')

  it('is there', () => expect(rows.length).toBeGreaterThan(25))

  it.each(rows.map(({ symptom }) => symptom))('%s is what tm says', (symptom) => {
    const messages = [...symptom.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text)
    const ours = messages.filter((text) => !/^(tm|\\u)/.test(text))
    const parts = ours.flatMap((text) => text.split('…')).map((part) => part.trim())
    const missing = parts.filter((part) => part.length > 1 && !source.includes(part))
    expect(missing).toEqual([])
  })

  it.each(rows)('$symptom has something to do', ({ advice }) => {
    expect(advice).not.toBe('')
  })
})

describe('on a local cluster', () => {
  let world: World
  const known = new Map<string, string>()
  beforeAll(async () => {
    world = await makeWorld({ settings: { maxAttempts: 1 } })
    const file = world.file('file', 'x')
    await run(['enqueue', '-n', '1', file], world)
    await world.worker().fail('broken')
    const [id = ''] = await world.enqueue([{}])
    for (const machine of [world.state.nodeFolder('node-1'), world.state.workerFolder('w-1')]) {
      world.file(join(machine, 'log').slice(world.dataDir.length), '{"msg":"a line"}\n')
    }
    known.set('ID', id).set('FILE', file).set('WORKER', 'w-1')
  })
  afterAll(() => world.close())

  /** Those that need neither AWS nor a terminal, and leave the cluster as it is. */
  const tried = rows
    .flatMap(({ commands }) => commands)
    .filter(({ words: [name], text }) => {
      const elsewhere = /--region|--all-regions|--ssm|--watch/.test(text)
      return !elsewhere && !['up', 'down', 'allow-ip', 'rotate-tokens'].includes(name ?? '')
    })

  it('are most of the commands', () => expect(tried.length).toBeGreaterThan(15))

  it.each(tried)('$text is understood', async ({ words, text }) => {
    const argv = words.map((word) => known.get(word) ?? word)
    const stdin = text.includes('< ids') ? known.get('ID') : undefined
    if (argv[0] === 'wait') await world.worker().work()
    const { stderr, exitCode } = await run(argv, { ...world, ...(stdin ? { stdin } : {}) })
    expect(exitCode, stderr).not.toBe(2)
    expect(stderr).not.toMatch(/There is no (flag|command)|is missing/)
  })
})
