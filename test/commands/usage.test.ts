/** Wrong usage: exit 2, the flag by its name, what it takes, and what was probably meant. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clusterState } from '../../src/state/cluster-state.ts'
import { tm, tmJson } from './run.ts'

const help = '  → See the usage: add --help\n'

let around: { dataDir: string }
beforeAll(() => {
  around = { dataDir: mkdtempSync(join(tmpdir(), 'tm-commands-')) }
})
afterAll(() => rmSync(around.dataDir, { recursive: true }))

async function refused(argv: string[], stderr: string, env: Record<string, string> = {}) {
  expect(await tm(argv, { ...around, env })).toEqual({ stdout: '', stderr, exitCode: 2 })
}

describe('iterations', () => {
  const wrong = ['0', '-1', '1.5', 'abc', '', ' 1', '1e3', '0x10', '٣']
  const large = [String(2 ** 53), '9007199254740993', '99999999999999999999']
  it.each([...wrong, ...large])('are not %j', async (text) => {
    await refused(
      ['enqueue', `--iterations=${text}`, '/dev/null'],
      `Error: --iterations must be a whole number from 1 to 9007199254740991, not "${text}"\n`,
    )
  })

  it('may be negative in a word of its own, and are refused the same way', async () => {
    await refused(
      ['enqueue', '--iterations', '-1', '/dev/null'],
      'Error: --iterations must be a whole number from 1 to 9007199254740991, not "-1"\n',
    )
  })

  it('are needed', async () => {
    await refused(
      ['enqueue', '/dev/null'],
      `Error: --iterations is missing: how many times SHA-512 is applied, from 1 to 9007199254740991\n${help}`,
    )
  })

  it('are at most 2^53 − 1', async () => {
    const { stderr, exitCode } = await tm(['enqueue', '-n', '9007199254740991', 'x'], around)
    expect(stderr).toMatch(/^Error: No cluster named default\n/)
    expect(exitCode).toBe(1)
  })
})

describe('a backup to restore', () => {
  it('that is not there, or no file, is named', async () => {
    const { stderr, exitCode } = await tm(['up', '--local', '--restore', 'nope.db'], around)
    const fix = '  → Use another copy, or make a new backup: tm backup\n'
    expect(stderr).toBe(`Error: nope.db: there is no such file\n${fix}`)
    expect(exitCode).toBe(1)
    const folder = await tm(['up', '--local', '--restore', around.dataDir], around)
    expect(folder.stderr).toBe(`Error: DATA is not a file\n${fix}`)
  })
})

describe('top', () => {
  it.each(['0', '-1', '1.5', 'abc', '', '1000001', String(2 ** 53)])('is not %j', async (text) => {
    await refused(
      ['pull', `--top=${text}`],
      `Error: --top must be a whole number from 1 to 1000000, not "${text}"\n`,
    )
  })
})

describe('settings', () => {
  it('that are wrong are named all at once', async () => {
    await refused(
      ['up', '--local', '--max-workers=x', '--lease', '1', '--max-body', '1MB', '--nodes', '0'],
      `Error: --max-workers must be a whole number from 0 to 1000, not "x"
--lease must be a duration such as 500ms, 15s, 10m or 2h, from 300ms to 1h, not "1"
--max-body must be a size such as 512KiB or 16MiB, from 1B to 1GiB, not "1MB"
--nodes must be a whole number from 1 to 20, not "0"
`,
    )
  })

  it('may come from the environment', async () => {
    await refused(
      ['up', '--local'],
      'Error: --max-workers must be a whole number from 0 to 1000, not "many"\n',
      { MAX_NUM_OF_WORKERS: 'many' },
    )
  })

  it('are in the one object of --json', async () => {
    const { json, exitCode, stderr } = await tmJson(['up', '--local', '--nodes', '21'], around)
    const message = '--nodes must be a whole number from 1 to 20, not "21"'
    expect({ json, exitCode, stderr }).toEqual({
      json: { error: { code: 'invalid', message } },
      exitCode: 2,
      stderr: '',
    })
  })
})

it('what no computer can bear is refused before anything starts', async () => {
  const argv = ['up', '--local', '--max-workers', '1000', '--slots', '256']
  const { stdout, stderr, exitCode } = await tm(argv, around)
  expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 2 })
  expect(stderr).toMatch(
    /^Error: With 1,000 workers of 256 slots a node would run 256,000 tasks at/,
  )
  expect(stderr).toMatch(/→ At most \d+ are possible: .*\n {2}→ .* --max-workers \d+ is as fast\n$/)
  expect(clusterState(around.dataDir, 'default').exists()).toBe(false)
})

const idsOrJob =
  'task ids, - to read them from standard input, or a job: its number, its name, last'

describe('flags and arguments', () => {
  const rows: [string[], string][] = [
    [['up', '--locl'], `Error: There is no flag --locl\n  → Did you mean --local?\n${help}`],
    [
      ['enqueue', '--iteratoins', '5', 'file'],
      `Error: There is no flag --iteratoins\n  → Did you mean --iterations?\n${help}`,
    ],
    [
      ['up', '--nodez=3', '--zzz'],
      `Error: There are no flags --nodez=3, --zzz\n  → Did you mean --nodes?\n${help}`,
    ],
    [['pull', '-x'], `Error: There is no flag -x\n${help}`],
    [['pull', '--top'], `Error: Flag --top expects a value\n${help}`],
    [['pull', '--top=1', '--top=2'], `Error: Flag --top can only be specified once\n${help}`],
    [['pull', 'last', 'extra'], `Error: Unexpected argument: extra\n${help}`],
    [['status'], `Error: ID is missing: task id\n${help}`],
    [['wait'], `Error: ID is missing: ${idsOrJob}\n${help}`],
    [
      ['enqueue', '--iterations', '1'],
      `Error: FILE is missing: files, or - for standard input\n${help}`,
    ],
    [
      ['enqueue', '--iterations', '1', '-', 'a', '-'],
      'Error: Standard input can be read only once: give - once\n',
    ],
    [
      ['health', '--watch'],
      'Error: --watch needs a terminal: without one, run tm health repeatedly\n',
    ],
  ]
  it.each(rows)('%j', async (argv, stderr) => {
    await refused(argv, stderr)
  })
})

describe('task ids', () => {
  const hint = '  → tm enqueue prints them, tm pull shows them\n'
  it.each(['x', '01997a5e', '01997a5e-4b7e-7cc2-8f6a-0d3b5b6e9a1g'])('%s is none', async (id) => {
    const stderr = `Error: "${id}" is not a task id: it must be a UUID\n${hint}`
    await refused(['status', id], stderr)
    await refused(['wait', '01997a5e-4b7e-7cc2-8f6a-0d3b5b6e9a10', id], stderr)
  })

  it('are looked for on standard input, where there may be none', async () => {
    const nothing = { stdout: '', stderr: 'Error: No task ids were given\n', exitCode: 2 }
    expect(await tm(['wait', '-'], around)).toEqual(nothing)
    expect(await tm(['wait', '-'], { ...around, stdin: ' \n\n' })).toEqual(nothing)
  })
})

describe('a flag that is only there or not', () => {
  it.each([
    ['enqueue -n 1 --wait=no f', '--wait takes no value, not "no"'],
    ['down --yes=false', '--yes takes no value, not "false"'],
    ['health --json=false', '--json takes no value, not "false"'],
    ['up --local=', '--local takes no value, not ""'],
  ])('takes no value: %s', async (line, message) => {
    const [, name] = /^--(\w+)/.exec(message) ?? []
    const fix = `  → Write --${name}, or leave it out\n`
    await refused(line.split(' '), `Error: ${message}\n${fix}${help}`)
  })

  it('is a word after --', async () => {
    const { stderr } = await tm(['enqueue', '-n', '1', '--', '--wait=no'], around)
    expect(stderr).toMatch(/^Error: No cluster named default\n/)
  })
})
