/** Attempts of commands, by real processes: what they get, how they end, what they leave. */
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { getPriority } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Job } from '../../../../src/kinds/command/job.ts'
import type { AttemptFolder } from '../../../../src/worker/runners/command/attempt-folders.ts'
import { BadArchive } from '../../../../src/worker/runners/command/shared/extract.ts'
import { type Given, openAttempts } from './run-attempts.ts'

let attempts: ReturnType<typeof openAttempts>
const run = (script: string, changes?: Partial<Job>, given?: Given) =>
  attempts.run(script, changes, given)

beforeAll(() => {
  attempts = openAttempts()
})
afterAll(async () => {
  // Every attempt has removed its folder.
  expect(await attempts.close()).toEqual([])
})

const keepStdout: Partial<Job> = { stdout: ['said'] }

describe('what a job shares', () => {
  const shared = [
    { name: 'config.json', sha256: '', size: 2, kind: 'file' as const, mode: 0o644 },
    { name: 'out/lib', sha256: '', size: 2, kind: 'dir' as const, mode: 0o755 },
  ]
  const share = async ({ cwd }: AttemptFolder) => {
    writeFileSync(join(cwd, 'config.json'), '{}')
    mkdirSync(join(cwd, 'out/lib'), { recursive: true })
    writeFileSync(join(cwd, 'out/lib/x'), 'x')
  }

  it('is there when the command begins, and is no output of it', async () => {
    const outputs = [{ name: ['*.json'] }, { name: ['out/'] }]
    const script = 'cat config.json out/lib/x; echo 1 > result.json; echo 2 > out/result'
    const { result, text } = await run(script, { shared, outputs, ...keepStdout }, { share })
    expect(result?.outputs.map(({ name }) => name)).toEqual(['result.json', 'out/result', 'said'])
    expect(text).toBe('1\n2\n{}x')
  })

  it('fails no command: if the worker can not read it, another one tries', async () => {
    const given = { share: () => Promise.reject(new Error('the shared file x: nobody answers')) }
    const { outcome } = await run('true', { shared }, given)
    const error = "the worker can't run it: the shared file x: nobody answers"
    expect(outcome).toEqual({ kind: 'failed', error, lost: true })
  })

  it('fails the task at once if no worker can unpack it', async () => {
    const given = { share: () => Promise.reject(new BadArchive('the shared file x: no archive')) }
    const { outcome } = await run('true', { shared, retries: 3 }, given)
    expect(outcome).toEqual({ kind: 'failed', error: 'the shared file x: no archive', final: true })
  })
})

describe('a command', () => {
  it('gets its input as a file of its name, in a folder with nothing else', async () => {
    const values = { name: 'my file.txt', in: 'my file.txt' }
    const script = 'ls; cat "$TM_IN"; [ -w "$TM_IN" ] && [ "$(id -u)" != 0 ] && echo writable; true'
    const { text } = await run(
      script,
      { ...keepStdout, input: 'file' },
      { values, body: 'hello\n' },
    )
    expect(text).toBe('my file.txt\nhello\n')
  })

  it('never gets a file outside of its folder, whatever the name', async () => {
    const outside = await run('ls', { ...keepStdout, input: 'file' }, { values: { name: '../x' } })
    expect(outside.text).toBe('x\n')
    const { outcome } = await run('ls', { input: 'file' }, { values: { name: '..' } })
    expect(outcome).toMatchObject({ kind: 'failed' })
  })

  it('gets its input on stdin, or nothing', async () => {
    const { text } = await run('tr a-z A-Z', { ...keepStdout, input: 'stdin' }, { body: 'abc' })
    expect(text).toBe('ABC')
    expect((await run('cat', keepStdout)).text).toBe('')
  })

  it('gets its own values and variables, and nothing of the worker', async () => {
    const { text, id } = await run(
      'env | sort',
      { ...keepStdout, env: { MINE: 'x y' } },
      {
        values: { lr: '0.1', n: '3' },
      },
    )
    const names = text
      .trim()
      .split('\n')
      .map((line) => line.split('=')[0])
    expect(names.filter((name) => !['PWD', '_', 'OLDPWD', 'SHLVL'].includes(name ?? ''))).toEqual([
      'GOMAXPROCS',
      'HOME',
      'LANG',
      'MINE',
      'MKL_NUM_THREADS',
      'NUMEXPR_NUM_THREADS',
      'OMP_NUM_THREADS',
      'OPENBLAS_NUM_THREADS',
      'PATH',
      'TMPDIR',
      'TM_ATTEMPT',
      'TM_N',
      'TM_TAG',
      'TM_TASK',
      'TM_lr',
    ])
    expect(text).toContain('MINE=x y\n')
    expect(text).toContain(`TM_TASK=${id}\n`)
  })

  it('is told which GPUs it has for itself', async () => {
    const script = 'echo "<$CUDA_VISIBLE_DEVICES> <$CUDA_DEVICE_ORDER>"'
    const said = async (gpus: number[]) => (await run(script, keepStdout, { gpus })).text
    expect(await said([1, 3])).toBe('<1,3> <PCI_BUS_ID>\n')
    expect(await said([])).toBe('<> <>\n')
  })

  it('starts as many threads as it has cores, unless it is told otherwise', async () => {
    const script = 'echo $OMP_NUM_THREADS $OPENBLAS_NUM_THREADS $GOMAXPROCS'
    const said = async (changes: object) => (await run(script, { ...keepStdout, ...changes })).text
    expect(await said({})).toBe('1 1 1\n')
    expect(await said({ needs: { cpus: 4 } })).toBe('4 4 4\n')
    expect(await said({ needs: { cpus: 0.5 } })).toBe('1 1 1\n')
    expect(await said({ needs: { cpus: 4 }, env: { GOMAXPROCS: '2' } })).toBe('4 4 2\n')
  })

  it('makes files that others may read, at the priority of whoever started it', async () => {
    const { text } = await run('umask; nice', keepStdout)
    expect(text).toBe(`0022\n${getPriority()}\n`)
  })

  it('may have arguments in place of a shell line, each of them one', async () => {
    const argv = [['printf'], ['<%s>'], ['a ', { value: 'x' }, ' $(b)'], [{ value: 'x' }]]
    const { text } = await run('', { ...keepStdout, run: { argv } }, { values: { x: "'; ls *" } })
    expect(text).toBe("<a '; ls * $(b)><'; ls *>")
  })
})

describe('outputs', () => {
  it('are files, globs and folders, with their permissions and hashes', async () => {
    const script =
      'mkdir -p d/e; echo 1 > d/e/x; echo 2 > a.csv; echo 3 > b.csv; chmod 755 a.csv; echo 4 > c'
    const outputs = [{ name: ['*.csv'] }, { name: ['d/'] }, { name: ['{x}'], optional: true }]
    const { result, text } = await run(script, { outputs })
    expect(result?.outputs.map(({ name, size, mode }) => [name, size, mode.toString(8)])).toEqual([
      ['a.csv', 2, '755'],
      ['b.csv', 2, '644'],
      ['d/e/x', 2, '644'],
    ])
    expect(text).toBe('2\n3\n1\n')
    const sha256 = createHash('sha256').update('2\n').digest('hex')
    expect(result?.outputs[0]?.sha256).toBe(sha256)
  })

  it('go with the report if they are small', async () => {
    const sent = await run(
      'printf abc > out',
      { outputs: [{ name: ['out'] }] },
      { partBytes: 1000 },
    )
    expect(sent.outcome).toMatchObject({ outputs: new Uint8Array(Buffer.from('abc')) })
    expect(sent.result?.outputs).toMatchObject([{ name: 'out', size: 3 }])
    const none = await run(': > out', { outputs: [{ name: ['out'] }] })
    expect(none.outcome).not.toHaveProperty('outputs', expect.anything())
    expect(none.result?.outputs).toMatchObject([{ name: 'out', size: 0 }])
  })

  it('are sent in parts, in order, whatever their sizes', async () => {
    const script =
      'head -c 2500 /dev/zero | tr "\\0" a > x; head -c 600 /dev/zero | tr "\\0" b > y; : > z'
    const outputs = ['x', 'y', 'z'].map((name) => ({ name: [name] }))
    const { parts, text, result } = await run(script, { outputs }, { partBytes: 1000 })
    expect(parts.map(({ length }) => length)).toEqual([1000, 1000, 1000, 100])
    expect(text).toBe('a'.repeat(2500) + 'b'.repeat(600))
    expect(result?.outputs.map(({ size }) => size)).toEqual([2500, 600, 0])
  })

  it('include stdout and stderr under the names they were given', async () => {
    const { text, result } = await run('echo out; echo err >&2', { stdout: ['o'], stderr: ['e'] })
    expect(result?.outputs.map(({ name }) => name)).toEqual(['o', 'e'])
    expect(text).toBe('out\nerr\n')
  })

  it('keep the beginning and the end of a stdout that is only shown', async () => {
    const { text, result } = await run('seq 1 100000', { ...keepStdout, maxStdout: 40 })
    const kept = [
      '1',
      '2',
      '3',
      '4',
      '5',
      '6',
      '7',
      '8',
      '9',
      '… 575.1 KiB left out …',
      '99998',
      '99999',
      '100000',
    ]
    expect(text).toBe(`${kept.join('\n')}\n`)
    expect(result?.leftOut).toBe(588_895 - 17 - 19)
    const whole = await run('seq 1 9', { ...keepStdout, maxStdout: 40 })
    expect(whole.text).toBe('1\n2\n3\n4\n5\n6\n7\n8\n9\n')
    expect(whole.result).not.toHaveProperty('leftOut')
  })

  it.each([
    ['yes', { stdout: ['said'] }, 'it wrote over 1 MiB to stdout'],
    ['yes >&2', { stderr: ['said'] }, 'it wrote over 1 MiB to stderr'],
    ["trap '' TERM; setsid yes & wait", { stdout: ['said'] }, 'it wrote over 1 MiB to stdout'],
  ])('end a command that never stops writing: %s', async (script, keeps, why) => {
    const { outcome, id } = await run(script, { ...keeps, grace: 60_000 })
    expect(outcome).toMatchObject({ kind: 'failed', final: true })
    expect((outcome as { error: string }).error).toContain(`${why}: write it into a file`)
    expect(processesOf(id)).toEqual([])
  })

  it.each([
    ['true', ['clip.mp4'], 'output clip.mp4 is missing'],
    ['ln -s /etc/passwd x', ['x'], 'output x is a link out of the folder of the command'],
    ['mkfifo x', ['x'], 'output x is missing'],
    ['true', ['../x'], 'output ../x is not inside the folder of the command'],
    ['true', ['/etc/passwd'], 'output /etc/passwd is not inside the folder of the command'],
    ['head -c 2000000 /dev/zero > x', ['x'], 'its outputs are over the limit of 1 MiB'],
  ])('%s, %s: fails', async (script, names, why) => {
    const { outcome } = await run(script, { outputs: [{ name: names }] })
    expect(outcome).toMatchObject({ kind: 'failed', final: true })
    expect((outcome as { error: string }).error).toContain(why)
  })

  it('may be links inside the folder, which become files', async () => {
    const { text } = await run('echo a > x; ln -s x y', { outputs: [{ name: ['y'] }] })
    expect(text).toBe('a\n')
  })
})

describe('a result', () => {
  it('says when the command began, and about what it used, with all that it started', async () => {
    const before = Date.now()
    const hold = 'x=$(head -c 30000000 /dev/zero | tr "\\\\0" x); sleep 0.5; : "$x"'
    const { result } = await run(`sh -c '${hold}'; exit 0`)
    expect(result?.beganAt).toBeGreaterThanOrEqual(before)
    expect(result?.beganAt).toBeLessThanOrEqual(Date.now() - 500)
    expect(result?.peakMemory).toBeGreaterThan(25_000_000)
    expect(result?.peakMemory).toBeLessThan(500_000_000)
    expect((result?.userMs ?? 0) + (result?.systemMs ?? 0)).toBeGreaterThan(0)
    const busy = await run('i=0; while [ $i -lt 300000 ]; do i=$((i + 1)); done')
    const { userMs = 0, took = 0 } = busy.result ?? {}
    expect(userMs).toBeGreaterThan(20)
    expect(userMs).toBeLessThanOrEqual(took + 20)
    // It ended before anybody could look.
    expect((await run('true')).result?.peakMemory).toBeUndefined()
  })
})

describe('an end', () => {
  it('with another exit code fails with the last lines of stderr, as text', async () => {
    const script = 'echo out; printf "one\\n50%%\\r100%%\\r\\033[31mred\\033[0m\\n" >&2; exit 3'
    const { outcome, attempt } = await run(script)
    expect(outcome).toEqual({ kind: 'failed', final: true, error: 'exit 3: one\nred' })
    // As it is, for whoever looks later.
    expect(attempt).toEqual({
      ending: {
        reason: 'exit',
        exit: 3,
        beganAt: expect.any(Number),
        ran: expect.any(Number),
        userMs: expect.any(Number),
        systemMs: expect.any(Number),
      },
      stdout: { text: 'out\n', bytes: 4 },
      stderr: { text: 'one\n50%\r100%\r\u001b[31mred\u001b[0m\n', bytes: 26 },
    })
    expect((await run('exit 3', { okExit: [0, 3] })).result?.exit).toBe(3)
  })

  it('is retried as often as was asked, and for the reasons that were asked', async () => {
    const again = { kind: 'failed', error: 'exit 3' }
    const never = { ...again, final: true }
    const outcomeOf = async (changes: Partial<Job>, failures: number) =>
      (await run('exit 3', changes, { failures })).outcome
    expect(await outcomeOf({ retries: 2 }, 0)).toEqual(again)
    expect(await outcomeOf({ retries: 2 }, 1)).toEqual(again)
    expect(await outcomeOf({ retries: 2 }, 2)).toEqual(never)
    expect(await outcomeOf({ retries: 2, retryOn: [3] }, 0)).toEqual(again)
    expect(await outcomeOf({ retries: 2, retryOn: ['exit'] }, 0)).toEqual(again)
    expect(await outcomeOf({ retries: 2, retryOn: [4, 'signal'] }, 0)).toEqual(never)
    expect((await run('exit 75')).outcome).toEqual({ kind: 'failed', error: 'exit 75' })
  })

  it('by a signal, or without a start, says so', async () => {
    expect((await run('kill -SEGV $$')).outcome).toMatchObject({ error: 'it was ended by SIGSEGV' })
    const { outcome } = await run('', { run: { argv: [['no-such-program']] } })
    expect(outcome).toMatchObject({ final: true, error: expect.stringContaining('ENOENT') })
    expect((await run('no-such-program')).outcome).toMatchObject({
      error: expect.stringMatching(/^exit 127: .*not found/),
    })
  })

  it('comes by the timeout, for the whole tree, gently first', async () => {
    const script = `trap 'echo bye >&2; exit 9' TERM; sleep 60 & wait`
    const { outcome } = await run(script, { timeout: 300, grace: 5000 })
    expect(outcome).toMatchObject({ error: 'it ran longer than 0.3 s: bye' })
  })

  it('comes by force when the command ignores it', async () => {
    const began = performance.now()
    const { outcome, id } = await run(`trap '' TERM; while :; do sleep 1; done`, { timeout: 200 })
    expect(outcome).toMatchObject({ error: 'it ran longer than 0.2 s' })
    expect(performance.now() - began).toBeLessThan(20_000)
    expect(processesOf(id)).toEqual([])
  })

  it('takes processes with it that left its group, and counts them', async () => {
    const script = 'setsid sh -c "sleep 61; true" & sh -c "sleep 62; true" & sleep 0.2; echo done'
    const { result, id, text } = await run(script, keepStdout)
    expect(text).toBe('done\n')
    expect(result?.leftBehind).toBeGreaterThanOrEqual(2)
    expect(processesOf(id)).toEqual([])
  })

  it('is not waited for because a grandchild holds stdout', async () => {
    const began = performance.now()
    const { text } = await run('sleep 63 & echo done', keepStdout)
    expect(text).toBe('done\n')
    expect(performance.now() - began).toBeLessThan(20_000)
  })

  it('by a cancellation stops the tree and reports nothing', async () => {
    const stopping = new AbortController()
    const started = run('sleep 64 & wait', { grace: 100 }, { signal: stopping.signal })
    await sleep(100)
    stopping.abort()
    const { outcome, id } = await started
    expect(outcome).toEqual({ kind: 'stopped' })
    expect(processesOf(id)).toEqual([])
  })
})

describe('the spawner', () => {
  it('kills every tree when its worker is gone, and ends', async () => {
    const own = openAttempts()
    const started = own.run('setsid sleep 65 & sleep 66').catch(() => {})
    const id = own.lastId()
    await expect.poll(() => processesOf(id).length, { timeout: 10_000 }).toBeGreaterThan(1)
    // The end of its input is all that it sees of a worker that was killed.
    await own.spawner.close()
    await started
    await expect.poll(() => processesOf(id)).toEqual([])
    await own.close()
  })
})

function processesOf(id: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false
    try {
      return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`TM_TASK=${id}`)
    } catch {
      // It has ended in the meantime.
      return false
    }
  })
}
