/** Completion in real shells: commands, flags, and names of files where a command takes them. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ourPath, runTm } from './tm.ts'

let folder: string
const scripts = new Map<string, string>()
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tm-completion-'))
  for (const name of ['data-1.bin', 'data-2.bin']) writeFileSync(join(folder, name), '')
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { stdout, stderr, exitCode } = await runTm(['completion', shell])
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 })
    writeFileSync(join(folder, `tm.${shell}`), stdout)
    scripts.set(shell, stdout)
  }
})
afterAll(() => rmSync(folder, { recursive: true }))

const missing = (shell: string) =>
  spawnSync(shell, ['--version'], { env: { PATH: ourPath } }).error ? `no ${shell} here` : undefined

function inShell(shell: string, script: string): string[] {
  const env = { PATH: ourPath, HOME: folder, TERM: 'dumb' }
  const args = shell === 'bash' ? ['--norc', '-c', script] : ['-c', script]
  const out = execFileSync(shell, args, { cwd: folder, env, encoding: 'utf8' })
  return out.split('\n').filter((line) => line !== '')
}

/** What bash offers for the last of these words. */
function inBash(...words: string[]): string[] {
  const list = words.map((word) => `'${word}'`).join(' ')
  const script = `source ./tm.bash; COMP_WORDS=(${list}); COMP_CWORD=${words.length - 1}
    _tm; printf '%s\\n' "\${COMPREPLY[@]}"`
  return inShell('bash', script)
}

describe('bash', () => {
  it('completes commands, also of two words', () => {
    expect(inBash('tm', 'en')).toEqual(['enqueue'])
    expect(inBash('tm', '')).toEqual(expect.arrayContaining(['up', 'logs', 'node', 'worker']))
    expect(inBash('tm', 'node', '')).toEqual(['serve'])
  })

  it('completes the flags of the command, wherever they stand', () => {
    expect(inBash('tm', 'up', '--loc')).toEqual(['--local'])
    expect(inBash('tm', 'up', '--local', '--node')).toEqual(['--nodes'])
    expect(inBash('tm', 'node', 'serve', '--por')).toEqual(['--port'])
    expect(inBash('tm', 'enqueue', 'data-1.bin', '--iter')).toEqual(['--iterations'])
    expect(inBash('tm', 'pull', '--local')).toEqual([])
  })

  it('completes fixed words', () => {
    expect(inBash('tm', 'completion', '')).toEqual(['bash', 'zsh', 'fish'])
    expect(inBash('tm', 'help', 'en')).toEqual(['enqueue'])
  })

  it('leaves names of files to the shell', () => {
    expect(inBash('tm', 'enqueue', 'data')).toEqual([])
    expect(inBash('tm', 'up', '--restore', 'data')).toEqual([])
    // What readline does with nothing: names of files.
    expect(inShell('bash', 'source ./tm.bash; complete -p tm')).toEqual([
      'complete -o bashdefault -o default -F _tm tm',
    ])
  })
})

describe('fish', () => {
  const inFish = (line: string) =>
    inShell('fish', `source tm.fish; complete -C '${line}'`).map((one) => one.split('\t')[0])

  it('completes commands, flags, fixed words and names of files', (context) => {
    if (missing('fish')) context.skip(`NOT TESTED: ${missing('fish')}`)
    expect(inFish('tm enq')).toEqual(['enqueue'])
    expect(inFish('tm node ')).toEqual(['serve'])
    expect(inFish('tm up --loc')).toEqual(['--local'])
    expect(inFish('tm node serve --por')).toEqual(['--port'])
    expect(inFish('tm completion ').sort()).toEqual(['bash', 'fish', 'zsh'])
    expect(inFish('tm enqueue data')).toEqual(['data-1.bin', 'data-2.bin'])
    expect(inFish('tm up --restore data')).toEqual(['data-1.bin', 'data-2.bin'])
    expect(inFish('tm status data')).toEqual([])
  })
})

describe('zsh', () => {
  it('reads the script, and has a function for it', (context) => {
    if (missing('zsh')) context.skip(`NOT TESTED: ${missing('zsh')}`)
    const script =
      'autoload -Uz compinit; compinit -u -d ./dump; source ./tm.zsh; print $_comps[tm]'
    expect(inShell('zsh', script)).toEqual(['_tm'])
  })

  it('has commands, flags and names of files', () => {
    expect(scripts.get('zsh')).toContain("'enqueue:Create a task for each file'")
    expect(scripts.get('zsh')).toContain("'*--iterations=[how many times SHA-512 is applied")
    expect(scripts.get('zsh')).toContain("'*--restore=[a file of tm backup")
    expect(scripts.get('zsh')).toContain("'*:file:_files' ;;")
  })
})

it('another shell is refused', async () => {
  const { stderr, exitCode } = await runTm(['completion', 'tcsh'])
  expect(stderr).toContain('Expected tcsh to be one of: bash, zsh, fish')
  expect(exitCode).toBe(2)
})
