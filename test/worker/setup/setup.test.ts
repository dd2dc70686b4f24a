/** The setup of a worker's machine: real shells, and a `dnf` that the test makes. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { hashOfSetup, type Setup, type SetupState } from '../../../src/core/setup.ts'
import { setUp } from '../../../src/worker/setup/setup.ts'
import { runSteps } from '../../../src/worker/setup/steps.ts'

let root: string
let folder: string
let env: Record<string, string>
let lines: string[]
let states: SetupState[]

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tm-setup-'))
  folder = join(root, 'setup')
  mkdirSync(join(root, 'bin'))
  env = { PATH: `${join(root, 'bin')}:${process.env.PATH}`, ROOT: root }
  lines = []
  states = []
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

function dnf(script: string): void {
  writeFileSync(join(root, 'bin/dnf'), `#!/bin/bash\n${script}\n`, { mode: 0o755 })
}

function prepare(setup: Partial<Setup>, signal = new AbortController().signal) {
  return setUp(
    { packages: [], timeout: 20_000, ...setup },
    {
      folder,
      env,
      signal,
      onState: (state) => states.push(state),
      onLine: (line) => lines.push(line),
    },
  )
}

const read = (name: string) => readFileSync(join(root, name), 'utf8')

describe('a setup', () => {
  it('installs packages, then runs the script, once', async () => {
    dnf('echo "$@" >> $ROOT/installed; echo "Installing: $3"')
    const setup = {
      packages: ['gdal', 'jq'],
      script: 'cat $ROOT/installed; echo made >> $ROOT/made; pwd',
    }
    expect(await prepare(setup)).toBeUndefined()
    expect(read('installed')).toBe('install -y gdal jq\n')
    expect(lines).toEqual(['Installing: gdal', 'install -y gdal jq', folder])
    const hash = hashOfSetup({ ...setup, timeout: 0 })
    expect(states.at(0)).toEqual({ hash, running: { beganAt: expect.any(Number), line: '' } })
    expect(states).toContainEqual({
      hash,
      running: { beganAt: expect.any(Number), line: 'Installing: gdal' },
    })
    expect(states.at(-1)).toEqual({ hash })

    states = []
    expect(await prepare(setup)).toBeUndefined()
    expect(read('made')).toBe('made\n')
    expect(states).toEqual([{ hash }])
  })

  it('runs again when it has changed', async () => {
    await prepare({ script: 'echo a >> $ROOT/made' })
    await prepare({ script: 'echo b >> $ROOT/made' })
    expect(read('made')).toBe('a\nb\n')
  })

  it('that fails says how, with its last twenty lines, and is not done', async () => {
    const script = 'seq 30; echo "No such thing" >&2; exit 3'
    const failure = await prepare({ script })
    expect(failure?.why).toMatch(/^the script: exit 3 after \d/)
    expect(failure?.lines).toHaveLength(20)
    expect(failure?.lines).toContain('No such thing')
    expect(failure?.lines).toContain('30')
    expect((await prepare({ script }))?.why).toContain('exit 3')
  })

  it('that is killed says by what', async () => {
    expect((await prepare({ script: 'kill -KILL $$' }))?.why).toMatch(/^the script: SIGKILL after/)
  })

  it('does not run the script if the packages can not be installed', async () => {
    const steps = [
      { name: 'dnf', argv: ['dnf'] as [string], tries: 2 },
      { name: 'the script', argv: ['touch', join(root, 'made')] as [string, string], tries: 1 },
    ]
    dnf('echo try >> $ROOT/tries; echo "No match for argument: ffmpeg"; exit 1')
    const options = { cwd: root, env, timeoutMs: 20_000, signal: new AbortController().signal }
    const onLine = (line: string) => lines.push(line)
    const why = await runSteps(steps, { ...options, onLine, pauseMs: 1 })
    expect(why).toMatch(/^dnf: exit 1 after/)
    expect(read('tries')).toBe('try\ntry\n')
    expect(existsSync(join(root, 'made'))).toBe(false)
  })

  it('installs packages although a mirror is away for a moment', async () => {
    dnf('echo try >> $ROOT/tries; [ $(wc -l < $ROOT/tries) -gt 1 ]')
    expect(await prepare({ packages: ['gdal'] })).toBeUndefined()
    expect(read('tries')).toBe('try\ntry\n')
  })

  it('that takes too long ends, with all that it started', async () => {
    const script = 'sleep 1000 & echo $! > $ROOT/pid; echo waiting; wait'
    const failure = await prepare({ script, timeout: 1000 })
    expect(failure).toEqual({ why: 'the script: not done in time', lines: ['waiting'] })
    await expect.poll(() => isAlive(read('pid').trim()), { timeout: 10_000 }).toBe(false)
  })

  it('that starts its machine anew gets no more time for that', async () => {
    const stop = new AbortController()
    const setup = { script: 'echo began >> $ROOT/made; sleep 1000', timeout: 3000 }
    const first = prepare(setup, stop.signal)
    await expect.poll(() => existsSync(join(root, 'made'))).toBe(true)
    await new Promise((resolve) => setTimeout(resolve, 1500))
    stop.abort()
    await first
    const began = performance.now()
    expect((await prepare(setup))?.why).toBe('the script: not done in time')
    expect(performance.now() - began).toBeLessThan(2900)
    expect(read('made')).toBe('began\nbegan\n')
  })

  it('cuts lines that nobody could read', async () => {
    const failure = await prepare({ script: 'head -c 100000 /dev/zero | tr "\\0" x; exit 1' })
    expect(failure?.lines.map(({ length }) => length)).toEqual([2000])
  })

  it('ends when the worker is told to stop, and is neither done nor failed', async () => {
    const stop = new AbortController()
    const ended = prepare({ script: 'touch $ROOT/began; sleep 1000' }, stop.signal)
    await expect.poll(() => existsSync(join(root, 'began'))).toBe(true)
    stop.abort()
    expect(await ended).toBeUndefined()
    expect(existsSync(join(folder, 'done'))).toBe(false)
  })

  it('may leave a service behind, and does not wait for it', async () => {
    const script = 'setsid sleep 30 & echo $! > $ROOT/pid'
    const began = performance.now()
    expect(await prepare({ script })).toBeUndefined()
    expect(performance.now() - began).toBeLessThan(20_000)
    const pid = Number(read('pid'))
    expect(existsSync(`/proc/${pid}`)).toBe(true)
    process.kill(pid)
  })

  it('makes files for everybody, and shows each step of a progress bar', async () => {
    await prepare({ script: String.raw`touch $ROOT/made; printf '10 %%\r50 %%\r100 %%\r\n'` })
    expect(statSync(join(root, 'made')).mode & 0o777).toBe(0o644)
    expect(lines).toEqual(['10 %', '50 %', '100 %'])
  })
})

/** A zombie waits only for somebody to read how it ended. */
function isAlive(pid: string): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}
