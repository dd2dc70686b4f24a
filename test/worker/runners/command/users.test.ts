/** Commands that run as users of their own: only root can test that. */
import { chmodSync, chownSync, linkSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Job } from '../../../../src/kinds/command/job.ts'
import type { AttemptFolder } from '../../../../src/worker/runners/command/attempt-folders.ts'
import { createUsers } from '../../../../src/worker/runners/command/users.ts'
import { openAttempts } from './run-attempts.ts'

it('every user is given to one at a time, and comes again as late as possible', () => {
  const users = createUsers(0)
  const [first, second] = [users.take(), users.take()]
  expect([first, second]).toEqual([70_000, 70_001])
  users.giveBack(first)
  expect(users.take()).toBe(70_002)
  expect(createUsers(9999).take()).toBe(79_999)
  const others = Array.from({ length: 9997 }, users.take)
  expect(others).not.toContain(second)
  expect(others.at(-1)).toBe(79_999)
  expect(users.take()).toBe(first)
  expect(users.take).toThrow('more than 10000 commands at a time')
})

const why = process.getuid?.() === 0 ? undefined : 'NOT TESTED: users of commands. It needs root.'
if (why) console.error(`\n${why}\n`)

const keepStdout: Partial<Job> = { stdout: ['said'] }

describe.skipIf(why)('a command that runs as a user of its own', () => {
  let attempts: ReturnType<typeof openAttempts>
  let token: string

  beforeEach(() => {
    attempts = openAttempts(createUsers())
    chmodSync(attempts.folder, 0o711)
    token = join(attempts.folder, 'token')
    writeFileSync(token, 'of the worker', { mode: 0o600 })
  })
  afterEach(async () => {
    expect(await attempts.close()).toEqual([])
  })

  it('has no group but its own, and no other has its number', async () => {
    const [one, other] = await Promise.all([
      attempts.run('id -u; id -g; id -G', keepStdout),
      attempts.run('id -u; id -g; id -G; sleep 0.1', keepStdout),
    ])
    expect(one.text).toMatch(/^(7\d{4})\n\1\n\1\n$/)
    expect(other.text).toMatch(/^(7\d{4})\n\1\n\1\n$/)
    expect(one.text).not.toBe(other.text)
  })

  it('can write where it should, and reads what it was given', async () => {
    const script = `echo made > made && cat "$TM_NAME" && echo x > "$TMPDIR/x" && echo y > ~/y
      cat /dev/stdin && echo in-lib > lib/new && cat lib/part config`
    const share = async ({ cwd, user = -1 }: AttemptFolder) => {
      mkdirSync(join(cwd, 'lib'))
      for (const name of ['config', 'lib/part']) {
        writeFileSync(join(cwd, name), `${name}\n`)
        chmodSync(join(cwd, name), 0o444)
      }
      chownSync(join(cwd, 'lib'), user, user)
    }
    const outputs = [{ name: ['made'] }, { name: ['lib/new'] }]
    const given = { body: 'the input\n', values: { name: 'a file' }, share }
    const job = { ...keepStdout, input: 'file' as const, outputs }
    const { outcome, text } = await attempts.run(script, job, given)
    expect(outcome).toMatchObject({ kind: 'succeeded' })
    expect(text).toContain('made\nin-lib\n')
    expect(text).toContain('the input\nlib/part\nconfig\n')
    const filter = await attempts.run('cat /dev/stdin', { ...keepStdout, input: 'stdin' }, given)
    expect(filter.text).toBe('the input\n')
  })

  it('reads nothing of the worker, and nothing of a command beside it', async () => {
    const place = join(attempts.folder, 'place')
    const secret = attempts.run(`echo secret > secret; echo $PWD $$ > ${place}; sleep 1`)
    writeFileSync(place, '', { mode: 0o666 })
    chmodSync(place, 0o666)
    await expect.poll(() => readFileSync(place, 'utf8'), { timeout: 10_000 }).not.toBe('')
    const script = `read there pid < ${place}
      cat ${token} "$there/secret" "/proc/$pid/environ" && echo READ
      ls "$there" "$there/../.." && echo LISTED
      echo x > "$there/secret" || kill "$pid" || echo none`
    const { text } = await attempts.run(script, keepStdout)
    expect(text).toBe('none\n')
    expect((await secret).outcome.kind).toBe('succeeded')
  })

  it.each([
    ['a link', (to: string) => `ln -s ${to} out`, /out is a link out of the folder/],
    [
      'a hard link',
      (to: string) => `ln ${to} out || true`,
      /output out (is missing|does not belong)/,
    ],
  ])('gets no file of the worker through %s', async (_, line, error) => {
    const { outcome } = await attempts.run(line(token), { outputs: [{ name: ['out'] }] })
    expect(outcome).toMatchObject({ kind: 'failed', error: expect.stringMatching(error) })
  })

  it('gets no file of the worker as its output, even where anybody may make hard links', async () => {
    const share = async ({ cwd }: AttemptFolder) => linkSync(token, join(cwd, 'out'))
    const { outcome } = await attempts.run('true', { outputs: [{ name: ['out'] }] }, { share })
    const error = 'output out does not belong to the command'
    expect(outcome).toMatchObject({ kind: 'failed', error: expect.stringContaining(error) })
  })

  it('is shown the beginning and the end of what it wrote, if that is long', async () => {
    const script = 'seq 100000'
    const { outcome, text } = await attempts.run(script, { ...keepStdout, maxStdout: 2048 })
    expect(outcome.kind).toBe('succeeded')
    expect(text).toMatch(/^1\n2\n.*left out.*100000\n$/s)
  })

  it('leaves no process behind, not even one without a mark', async () => {
    const pid = join(attempts.folder, 'pid')
    writeFileSync(pid, '')
    chmodSync(pid, 0o666)
    const hidden = `setsid env -i sh -c 'echo $$ > ${pid}; exec sleep 1000' & sleep 0.3`
    const { result } = await attempts.run(hidden)
    expect(result?.leftBehind).toBe(1)
    await expect.poll(() => isAlive(pid)).toBe(false)
  })

  it('leaves none behind for long that ended at once', async () => {
    const pid = join(attempts.folder, 'pid')
    writeFileSync(pid, '')
    chmodSync(pid, 0o666)
    const hidden = `setsid env -i sh -c 'echo $$ > ${pid}; exec sleep 1000'`
    // The shell itself waits: on a busy machine it might be killed before it has said its number.
    await attempts.run(`${hidden} & until [ -s ${pid} ]; do :; done`)
    await expect.poll(() => isAlive(pid), { timeout: 10_000 }).toBe(false)
  })

  it('ends with all that it started when it is cancelled', async () => {
    const stop = new AbortController()
    const run = attempts.run(
      "trap '' TERM; setsid env -i sleep 1000 & while :; do sleep 1; done",
      {},
      { signal: stop.signal },
    )
    await sleep(300)
    stop.abort()
    expect((await run).outcome.kind).toBe('stopped')
  })
})

/** The process whose number is in this file. A zombie waits only for somebody to read how it ended. */
function isAlive(file: string): boolean {
  try {
    const status = readFileSync(`/proc/${readFileSync(file, 'utf8').trim()}/status`, 'utf8')
    return !/^State:\s+Z/m.test(status)
  } catch {
    return false
  }
}
