/** Where `tm run` takes its values from, as `--dry-run` shows them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { clusterState } from '../../src/state/cluster-state.ts'
import { run } from './run.ts'

let around: { dataDir: string }
beforeEach(() => {
  around = { dataDir: mkdtempSync(join(tmpdir(), 'tm-values-')) }
})
afterEach(() => rmSync(around.dataDir, { recursive: true }))

function file(name: string, content: string): string {
  const path = join(around.dataDir, name)
  writeFileSync(path, content)
  return path
}

/** The commands that would run. */
async function commands(argv: string[], stdin = '', env = {}): Promise<string[]> {
  const ran = await run(['run', '--dry-run', ...argv], { ...around, stdin, env })
  if (ran.exitCode !== 0) throw new Error(ran.stderr)
  return [...ran.stdout.matchAll(/^task .*\n {2}([^\n]*)$/gm)].map(([, command = '']) => command)
}

describe('tm run keeps stdout', () => {
  async function kept(argv: string[], terminal = false): Promise<number | undefined> {
    const ran = await run(['run', '--dry-run', '--times', '1', 'true', '--json', ...argv], {
      ...around,
      terminal,
    })
    return JSON.parse(ran.stdout).plan.definition.job.maxStdout
  }

  it('as far as people read it', async () => {
    expect(await kept([])).toBe(1024 ** 2)
    expect(await kept(['--max-stdout', '64KiB'])).toBe(64 * 1024)
    expect(await kept(['--stdout', 'x'])).toBeUndefined()
    for (const flags of [
      ['--stdout', 'x'],
      ['--out', 'x'],
    ]) {
      const argv = ['run', '--times', '1', 'true', '--max-stdout', '1KiB', ...flags]
      const { stderr, exitCode } = await run(argv, around)
      expect(stderr).toContain('--max-stdout is for a stdout that is only shown')
      expect(exitCode).toBe(2)
    }
  })
})

describe('tm run takes values', () => {
  it('from objects, in a file or on standard input', async () => {
    const json = '{"lr": 0.10, "name": "a b"}\n{"lr": 1e-3, "name": "$(x)"}\n'
    const expected = ["train 0.10 'a b'", "train 1e-3 '$(x)'"]
    const line = 'train {lr} {name}'
    expect(await commands(['--each-json', file('p.jsonl', json), line])).toEqual(expected)
    expect(await commands(['--each-json', '-', line], `\uFEFF${json}`)).toEqual(expected)
  })

  it('from columns of lines, whose tabs and ends may be those of any editor', async () => {
    const rows = '\uFEFFname\turl\r\n\r\na\thttp://x\r\nb c\thttp://y\r\n'
    const args = ['--each-line', file('urls.tsv', rows), '--columns', '\\t', '--header']
    expect(await commands([...args, 'curl {url} -o {name} {2}'])).toEqual([
      'curl http://x -o a http://x',
      "curl http://y -o 'b c' http://y",
    ])
    const some = ['--each-line', file('one', 'x\r\ny\n'), '--columns', ',', 'echo "{1}"']
    expect(await commands(some)).toEqual(["echo 'x\r'", 'echo y'])
  })

  it('in pairs', async () => {
    const sweeps = ['--sweep', 'a=1,2', '--sweep', 'b=x,y']
    expect(await commands([...sweeps, '--zip', 'echo {a}{b}'])).toEqual(['echo 1x', 'echo 2y'])
  })

  it('and variables, which never show', async () => {
    const args = ['--env-file', file('env', 'A=1\nB=2'), '--env', 'B=3', '--env', 'HERE', '--json']
    const ran = await run(['run', '--dry-run', '--times', '1', 'true', ...args], {
      ...around,
      env: { HERE: 'x y' },
    })
    const { plan } = JSON.parse(ran.stdout)
    expect(plan.definition.job.env).toEqual({ A: '1', B: '3', HERE: 'x y' })
  })

  it('of files in place only where the workers are this machine', async () => {
    const expected = [`wc ${join(process.cwd(), 'x/a b')}`.replace(/(\/.*)/, "'$1'")]
    expect(await commands(['--in-place', 'wc {in}', 'x/a b'])).toEqual(expected)
    const both = [`wc ${join(process.cwd(), 'x')} ${join(process.cwd(), 'y')}`]
    expect(await commands(['--in-place', '--per-task', '2', 'wc {in}', 'x', 'y'])).toEqual(both)
    const state = clusterState(around.dataDir, 'far')
    state.create()
    writeFileSync(state.path('cluster.json'), JSON.stringify({ provider: 'ec2', choices: {} }))
    const args = ['run', '--dry-run', '--in-place', 'wc {in}', 'x', '--cluster', 'far']
    const { exitCode, stderr } = await run(args, around)
    expect(stderr).toContain('--in-place: the workers of cluster far are other machines')
    expect(exitCode).toBe(2)
  })

  it.each([
    [['--in-place', '--times', '1'], '--in-place needs files'],
    [['--per-task', '2', '--times', '1'], '--per-task needs files'],
    [['--per-task', '0', 'file'], '--per-task must be'],
    [['--columns', ',', '--times', '1'], '--columns needs --each-line'],
    [['--header', '--each-line', '/dev/null'], '--header needs --columns'],
    [['--zip', '--times', '1'], '--zip needs --sweep'],
    [['--null', 'file'], '--null needs --files-from'],
    [['--columns', '', '--each-line', '/dev/null'], '--columns needs what stands between'],
    [['--each-json', '/dev/null', '--array', '1-2'], 'takes its tasks from one place'],
    [['--env', 'NOT_SET_HERE', '--times', '1'], '--env NOT_SET_HERE: it is not set here'],
  ])('but not with %j', async (flags, why) => {
    const { exitCode, stderr } = await run(['run', '--dry-run', 'true', ...flags], around)
    expect(stderr).toContain(why)
    expect(exitCode).toBe(2)
  })

  it('from nothing in a file: says so', async () => {
    const { exitCode, stderr } = await run(
      ['run', '--dry-run', 'true', '--each-json', file('none', '\n')],
      around,
    )
    expect(stderr).toContain('There is nothing to run the command for')
    expect(exitCode).toBe(2)
  })
})
