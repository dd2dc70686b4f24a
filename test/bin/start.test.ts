/** `tm` starts on the project's Node and, by starting itself again, on a system's older one. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import {
  bin,
  noOldNode,
  ourPath,
  type RunOptions,
  root,
  runTm,
  systemNode,
  systemPath,
} from './tm.ts'

const dataDir = mkdtempSync(join(tmpdir(), 'tm-bin-'))
const copy = join(dataDir, 'copy')
afterAll(() => rmSync(dataDir, { recursive: true }))

const versionLine = /^tm\/\d+\.\d+\.\d+ \S+ node-v(\d+)\.\d+\.\d+\n$/

const starters: [string, string | undefined, RunOptions][] = [
  ['Node 24', undefined, {}],
  [
    "the system's old Node",
    noOldNode,
    {
      command: ['/usr/bin/env', '-i', `PATH=${systemPath}`, `TM_DATA_DIR=${dataDir}`, 'node', bin],
      env: {},
    },
  ],
  [
    "the file itself, with only the system's Node",
    noOldNode,
    { command: [bin], env: { PATH: systemPath } },
  ],
]

describe.each(starters)('with %s', (_, reason, options) => {
  it('says its version, run by Node 24', async (context) => {
    if (reason) context.skip(`NOT TESTED: ${reason}`)
    const { stdout, stderr, exitCode } = await runTm(['--version'], options)
    expect(stdout).toMatch(versionLine)
    expect(Number(versionLine.exec(stdout)?.[1])).toBeGreaterThanOrEqual(24)
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 })
  })

  it('helps', async (context) => {
    if (reason) context.skip(`NOT TESTED: ${reason}`)
    const { stdout, stderr, exitCode } = await runTm(['--help'], options)
    expect(stdout).toContain('USAGE\n  $ tm [COMMAND]\n')
    expect(stdout).toMatch(/^ {2}enqueue {2,}\S/m)
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 })
  })

  it('passes exit codes, and both streams, through', async (context) => {
    if (reason) context.skip(`NOT TESTED: ${reason}`)
    const commands: [string[], number, string][] = [
      [['pull', '--cluster', 'none'], 1, 'Error: No cluster named none'],
      [['pull', '--top', '0'], 2, 'Error: --top must be a whole number from 1 to 1000000'],
      [['node', 'serve', '--id', 'a b'], 2, `Error: --id can't be "a b": an id has letters`],
      [['node', 'serve', '--id', '../x'], 2, `Error: --id can't be "../x": an id has letters`],
      [
        ['worker', 'run', '--id', 'a:b', '--url', 'x', '--token-file', 'x'],
        2,
        `Error: --id can't be "a:b": an id has letters`,
      ],
      [['down'], 0, 'Nothing is left of cluster default.'],
    ]
    const env = { PATH: systemPath, ...options.env, TM_DATA_DIR: dataDir }
    for (const [args, code, message] of commands) {
      const { stdout, stderr, exitCode } = await runTm(args, { ...options, env })
      expect(stdout).toBe('')
      expect(stderr).toContain(message)
      expect(exitCode).toBe(code)
    }
  })
})

describe('an unknown command', () => {
  const env = { PATH: systemPath }

  it('is wrong usage, with what was probably meant', async () => {
    const { stdout, stderr, exitCode } = await runTm(['enque', '--iterations', '1'], { env })
    expect({ stdout, stderr, exitCode }).toEqual({
      stdout: '',
      stderr: `Error: There is no command enque
  → Did you mean tm enqueue?
  → See all commands: tm --help
`,
      exitCode: 2,
    })
  })

  it('is one object with --json', async () => {
    const { stdout, stderr, exitCode } = await runTm(['node', 'srve', '--json'], { env })
    expect(JSON.parse(stdout)).toEqual({
      error: {
        code: 'invalid',
        message: 'There is no command node srve',
        suggestions: ['Did you mean tm node serve?', 'See all commands: tm --help'],
      },
    })
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 2 })
  })

  it('is an argument too many when a command comes before it', async () => {
    const { stderr, exitCode } = await runTm(['down', 'default'], { env })
    expect(stderr).toBe(`Error: Unexpected argument: default
  → See its usage: tm down --help
`)
    expect(exitCode).toBe(2)
  })
})

describe('colours', () => {
  const red = '\x1b[31mError:'
  const rows: [string, Record<string, string>, boolean][] = [
    ['are not there where nobody sees them', {}, false],
    ['can be asked for', { FORCE_COLOR: '1' }, true],
    [
      'are not there with NO_COLOR, whatever else is said',
      { FORCE_COLOR: '1', NO_COLOR: '1' },
      false,
    ],
  ]
  it.each(rows)('%s', async (_, asked, there) => {
    const { stderr } = await runTm(['pull', '--top', '0'], { env: { PATH: ourPath, ...asked } })
    expect(stderr).toContain('--top must be')
    expect(stderr.includes(red)).toBe(there)
  })
})

it('says how to build what is not built', async () => {
  mkdirSync(copy)
  cpSync(`${root}/bin`, `${copy}/bin`, { recursive: true })
  cpSync(`${root}/package.json`, `${copy}/package.json`)
  const command = [process.execPath, `${copy}/bin/run.js`]
  const { stderr, exitCode } = await runTm(['--version'], { command })
  expect(stderr).toBe('Error: tm is not built.\n  → npm ci, or npm run build\n')
  expect(exitCode).toBe(1)
})

it('says which Node to get when there is only an old one', async (context) => {
  if (noOldNode) context.skip(`NOT TESTED: ${noOldNode}`)
  const { stdout, stderr, exitCode } = await runTm(['--version'], {
    command: [systemNode ?? '', `${copy}/bin/run.js`],
  })
  expect(stdout).toBe('')
  expect(stderr).toMatch(/^Error: tm needs Node 24 or newer, this is \d+\.\d+\.\d+\.\n/)
  expect(stderr).toContain('  → In a checkout: npm ci\n')
  expect(stderr).toContain('  → Installed globally: npm install -g node@24, then a new shell\n')
  expect(exitCode).toBe(1)
})

describe('what was compiled', () => {
  it('is kept in a place of its own, and used again', async () => {
    const XDG_CACHE_HOME = join(dataDir, 'caches')
    const look = async () => await runTm(['--version'], { env: { PATH: ourPath, XDG_CACHE_HOME } })
    expect(await look()).toMatchObject({ exitCode: 0, stderr: '' })
    expect(readdirSync(join(XDG_CACHE_HOME, 'tm/compiled'))).not.toEqual([])
    expect(await look()).toMatchObject({ exitCode: 0, stderr: '' })
  })

  it('is not kept where there is no place for it, and nobody is told', async () => {
    const env = { PATH: ourPath, XDG_CACHE_HOME: '/dev/null' }
    expect(await runTm(['--version'], { env })).toMatchObject({ exitCode: 0, stderr: '' })
  })
})

const place = ['--url', 'http://127.0.0.1:9', '--token-file', 'f']
it.each([
  { argv: ['node', 'serve'], id: 'a b' },
  { argv: ['node', 'serve'], id: '../up' },
  { argv: ['worker', 'run', ...place], id: 'a/b' },
])('tm $argv does not start as "$id"', async ({ argv, id }) => {
  const env = { PATH: ourPath, TM_DATA_DIR: dataDir }
  const { stderr, exitCode } = await runTm([...argv, '--id', id], { env })
  const message = `Error: --id can't be "${id}": an id has letters, digits and hyphens\n`
  expect({ stderr, exitCode }).toEqual({ stderr: message, exitCode: 2 })
})
