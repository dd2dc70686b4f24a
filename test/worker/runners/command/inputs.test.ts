/** Tasks with several files: whatever their names, a program gets these, and the files have their bytes. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeFrames } from '../../../../src/api/frames.ts'
import { packFiles } from '../../../../src/cli/jobs/pack-files.ts'
import { compileShellLine } from '../../../../src/kinds/command/shell-line.ts'
import { runAttempt } from '../../../../src/worker/runners/command/attempt.ts'
import {
  type AttemptFolders,
  createAttemptFolders,
} from '../../../../src/worker/runners/command/attempt-folders.ts'
import { writeInputs } from '../../../../src/worker/runners/command/inputs.ts'
import {
  type Spawner,
  startSpawner,
} from '../../../../src/worker/runners/command/spawner-process.ts'

let folder: string
let spawner: Spawner
let folders: AttemptFolders
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tm-inputs-'))
  spawner = startSpawner()
  folders = createAttemptFolders(join(folder, 'attempts'))
})
afterAll(async () => {
  await spawner.close()
  await folders.close()
  rmSync(folder, { recursive: true })
})

const reading = { maxBody: 1024 ** 2, isOnly: false, onWaiting: () => {} }

/** A name that a file can have. */
const name = fc
  .oneof(
    fc.constantFrom(
      '-rf',
      '--',
      ' ',
      '*',
      '$(touch pwned)',
      '`x`',
      '"',
      "'",
      'a\nb\n',
      '\\',
      'é',
      'É',
    ),
    fc.constantFrom(
      '{in}',
      '日本語.txt',
      '\u202Eevil',
      '\x1b[31m',
      '~',
      '.hidden',
      'x'.repeat(255),
    ),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 30 }),
  )
  .map((text) => text.replaceAll(/[\0/]/g, '_'))
  .filter((text) => text.isWellFormed() && !['.', '..'].includes(text))
const file = fc.record({ name, content: fc.string({ maxLength: 20 }) })

/** What a command prints that shows each of its arguments, and what is in the file of that name. */
async function shownBy(files: { name: string; content: string }[], withShell: boolean) {
  const source = mkdtempSync(join(folder, 'source-'))
  const paths = files.map(({ name, content }, at) => {
    const path = join(mkdtempSync(join(source, `${at}-`)), name)
    writeFileSync(path, content)
    return path
  })
  const show = `for f do printf '%s\\0' "$f"; cat -- "$f"; printf '\\0'; done`
  const line = `for f in {in}; do printf '%s\\0' "$f"; cat -- "$f"; printf '\\0'; done`
  const { script } = compileShellLine(line, new Set(['in']), new Set(['in']))
  const parts: Uint8Array[] = []
  const outcome = await runAttempt({
    job: {
      run: withShell ? { script } : { argv: [['sh'], ['-c'], [show], ['sh'], [{ value: 'in' }]] },
      input: 'files',
      env: {},
      outputs: [],
      stdout: ['said'],
      okExit: [0],
      retries: 0,
      grace: 1000,
      maxOutput: 1024 ** 2,
    },
    gpus: [],
    lease: {
      id: '01997a5e-4b7e-7cc2-8f6a-000000000001',
      attempt: 1,
      kind: 'command',
      cost: 1,
      spec: { n: 1, values: {} },
      body: await packFiles(paths, reading),
    },
    spawner,
    folders,
    clusterTag: '',
    environment: { PATH: process.env.PATH ?? '', LANG: 'C.UTF-8' },
    signal: new AbortController().signal,
    partBytes: 1024,
    mostMemory: () => 0,
    send: async (part, bytes) => {
      parts[part] = bytes
    },
  })
  expect(outcome).toMatchObject({ kind: 'succeeded' })
  if (outcome.kind === 'succeeded' && outcome.outputs) parts.push(outcome.outputs)
  return Buffer.concat(parts).toString().split('\0').slice(0, -1)
}

describe('several files of one task', () => {
  it.each([['with a shell', true] as const, ['as arguments', false] as const])(
    '%s: are its arguments, in order, with their own bytes',
    async (_, withShell) => {
      await fc.assert(
        fc.asyncProperty(
          fc.uniqueArray(file, {
            minLength: 1,
            maxLength: 6,
            selector: ({ name }) => name.normalize().toLowerCase(),
          }),
          async (files) => {
            const argument = (name: string) => (name.startsWith('-') ? `./${name}` : name)
            const expected = files.flatMap(({ name, content }) => [
              argument(name),
              content.replaceAll('\0', ''),
            ])
            const plain = files.map(({ name, content }) => ({
              name,
              content: content.replaceAll('\0', ''),
            }))
            expect(await shownBy(plain, withShell)).toEqual(expected)
          },
        ),
        { numRuns: 25 },
      )
    },
  )

  it('have a numbered folder each if two have one name', async () => {
    const files = [
      { name: '-x', content: 'one' },
      { name: '-X', content: 'two' },
      { name: 'y', content: '' },
    ]
    expect(await shownBy(files, true)).toEqual(['1/-x', 'one', '2/-X', 'two', '3/y', ''])
  })

  it('never lead out of the folder of the command', () => {
    const cwd = mkdtempSync(join(folder, 'cwd-'))
    const write = (names: string[]) => {
      const frames = names.map((one) => ({ header: JSON.stringify({ name: one }), size: 0 }))
      return writeInputs({
        input: 'files',
        body: writeFrames(frames),
        values: {},
        cwd,
        stdin: join(cwd, 'stdin'),
      })
    }
    expect(write(['../up', '/etc/passwd'])).toEqual(['up', 'passwd'])
    expect(readdirSync(cwd).sort()).toEqual(['passwd', 'up'])
    expect(statSync(join(cwd, 'up')).mode & 0o777).toBe(0o444)
    expect(readFileSync(join(cwd, 'passwd'), 'utf8')).toBe('')
    for (const bad of ['..', '.', '', 'x/..']) expect(() => write([bad])).toThrow(/no name/)
  })
})

describe('files for one task', () => {
  const written = (name: string, content: string) => {
    writeFileSync(join(folder, name), content)
    return join(folder, name)
  }

  it('are refused together if they are too large for a task', async () => {
    const files = [written('one', 'x'.repeat(600)), written('two', 'x'.repeat(600))]
    const packing = packFiles(files, { ...reading, maxBody: 1000 })
    await expect(packing).rejects.toThrow(
      /The 2 files have 1\.2 KiB together, over the limit of 1000 B/,
    )
    await expect(packFiles(files, reading)).resolves.toHaveProperty('length', 1200 + 2 * (8 + 14))
  })

  it('are named if they can not be read', async () => {
    const files = [written('there', ''), join(folder, 'gone')]
    await expect(packFiles(files, reading)).rejects.toThrow(/gone: there is no such file/)
    await expect(packFiles([folder, files[0] as string], reading)).rejects.toThrow(/directory/)
  })
})
