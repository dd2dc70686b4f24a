/**
 * Commands in control groups of their own, by a real kernel. Where this process has a group that it may divide, here;
 * elsewhere the same file in a machine that has one, once as root and once as a user without rights.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Job } from '../../src/kinds/command/job.ts'
import { takeDelegated } from '../../src/worker/runners/command/control-groups/delegated.ts'
import { startSpawner } from '../../src/worker/runners/command/spawner-process.ts'
import { createUsers } from '../../src/worker/runners/command/users.ts'
import { openAttempts } from '../worker/runners/command/run-attempts.ts'
import { isInside, runInMachine, whyNoMachine } from './machine.ts'

const mib = 1024 ** 2
const isRoot = process.getuid?.() === 0
/** Its own group would be divided, with everything that runs in it: only where somebody asks for that. */
const isHere = isInside || process.env.TM_CONTROL_GROUP === 'mine'

if (isHere) describe('a command in a control group of its own', inGroups)
else describe('commands in control groups', inMachines)

function inMachines(): void {
  const why = whyNoMachine()
  if (why) console.error(`\nNOT TESTED: control groups of commands. ${why}\n`)
  it.skipIf(why).each([
    ['root', 0],
    ['a user without rights', 1000],
  ])('do what they should in a machine of %s', { timeout: 300_000 }, async (_, user) => {
    const { passed, failed } = await runInMachine('test/vm/control-groups.test.ts', user, 280_000)
    expect(failed).toEqual([])
    expect(passed).toHaveLength(10)
  })
}

function inGroups(): void {
  let folder: string
  let attempts: ReturnType<typeof openAttempts>
  const said: Partial<Job> = { stdout: ['said'] }
  const needing = (memory: number, cpus = 1) => ({ needs: { cpus, memory, disk: 0 } })
  const groups = () => readdirSync(folder).filter((name) => /^tm-\d/.test(name))
  /** Takes this much memory: a line that never ends is kept as a whole. */
  const taking = (mebibytes: number) => `head -c ${mebibytes}M /dev/zero | tail > /dev/null`

  beforeAll(() => {
    const taken = takeDelegated({ isOwnMachine: true })
    expect(taken).toEqual({ folder: expect.any(String) })
    folder = 'folder' in taken ? taken.folder : ''
    attempts = openAttempts(isRoot ? createUsers() : undefined, folder)
  })
  afterAll(async () => {
    await attempts.close()
    expect(groups()).toEqual([])
  })

  it('is possible because the worker has left the group that is divided', () => {
    expect(readFileSync('/proc/self/cgroup', 'utf8')).toMatch(/^0::.*\/tm-own$/m)
    expect(readFileSync(join(folder, 'cgroup.procs'), 'utf8')).toBe('')
    // Another worker of the same group finds it so.
    expect(takeDelegated({ isOwnMachine: true })).toEqual({ folder })
  })

  it('has as much as it needs, and its share of the processors', async () => {
    const script = `cd /sys/fs/cgroup$(cut -d: -f3 /proc/self/cgroup) &&
      cat memory.max memory.oom.group pids.max cpu.weight`
    const job = { ...said, ...needing(256 * mib, 2) }
    expect((await attempts.run(script, job)).text).toBe('268435456\n1\n10000\n200\n')
    expect((await attempts.run(script, said)).text).toBe('max\n1\n10000\n100\n')
  })

  it('keeps no way to another group, and gets its arguments as they are', async () => {
    expect((await attempts.run('ls /proc/$$/fd', said)).text.split('\n')).not.toContain('3')
    const argv = [['printf'], ['<%s>'], ['a $(b)'], ["'"], ['']]
    expect((await attempts.run('', { ...said, run: { argv } })).text).toBe("<a $(b)><'><>")
    const lost = await attempts.run('', { run: { argv: [['no-such-program']] } })
    expect(lost.outcome).toMatchObject({ error: expect.stringMatching(/^exit 127: .*not found/) })
    expect(lost.attempt?.ending).toMatchObject({ reason: 'start', exit: 127 })
  })

  it('ends when it takes more memory than it said, and nothing else does', async () => {
    const [greedy, beside] = await Promise.all([
      attempts.run(`${taking(200)}; echo goes on`, { ...said, ...needing(64 * mib) }),
      attempts.run('sleep 3; echo whole', { ...said, ...needing(64 * mib) }),
    ])
    const error = 'it used all of its 64 MiB of memory: try --memory 64MiB..256MiB'
    expect(greedy.outcome).toMatchObject({ kind: 'failed', error, final: true })
    expect(greedy.attempt?.ending).toMatchObject({ reason: 'memory', exact: true })
    const peak = greedy.attempt?.ending.peakMemory ?? 0
    expect(peak).toBeGreaterThan(60 * mib)
    expect(peak).toBeLessThan(66 * mib)
    expect(beside.text).toBe('whole\n')
    const again = await attempts.run(taking(200), { ...needing(64 * mib), retries: 1 })
    expect(again.outcome).not.toHaveProperty('final')
    const grows = { ...needing(64 * mib), memoryUpTo: 100 * mib }
    const more = await attempts.run(taking(200), grows)
    expect(more.outcome).toMatchObject({ memory: 100 * mib })
    const next = 'it used all of its 64 MiB of memory: the next attempt has 100 MiB'
    expect(more.outcome).toMatchObject({ error: next })
    expect(more.outcome).not.toHaveProperty('final')
  })

  it('says exactly what it has used', async () => {
    const { result } = await attempts.run(taking(50))
    expect(result).toMatchObject({ exact: true })
    expect(result?.peakMemory).toBeGreaterThan(50 * mib)
    expect(result?.peakMemory).toBeLessThan(120 * mib)
    const busy = await attempts.run('n=0; while [ $n -lt 30000 ]; do n=$((n + 1)); done')
    const { userMs = 0, systemMs = 0, took = 0 } = busy.result ?? {}
    expect(userMs + systemMs).toBeGreaterThan(0)
    expect(userMs + systemMs).toBeLessThanOrEqual(took + 50)
    // Also of one that ends at once.
    expect((await attempts.run('/bin/true')).result).toMatchObject({ exact: true })
  })

  it('ends with all that it has started, whatever hides', async () => {
    const hide = `setsid env -i sh -c 'echo $$; exec sleep 1000'`
    const { result, text } = await attempts.run(`${hide} & ${hide} & sleep 2`, said)
    expect(result).toMatchObject({ leftBehind: 2 })
    const pids = text.trim().split('\n')
    expect(pids).toHaveLength(2)
    expect(pids.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([])
    expect(groups()).toEqual([])
  })

  it('ends, also if it starts others for ever', async () => {
    const script = `trap '' TERM; spawn() { setsid env -i sh -c 'trap "" TERM; sleep 1000 & wait' & }
      while :; do spawn; sleep 0.02; done`
    const { outcome } = await attempts.run(script, { timeout: 500, grace: 300 })
    expect(outcome).toMatchObject({ error: expect.stringContaining('it ran longer than 0.5 s') })
    expect(groups()).toEqual([])
  })

  it('is asked to end, and so is what hides from it', async () => {
    const hidden = `setsid env -i sh -c 'trap "echo asked; exit" TERM; echo ready; while :; do sleep 0.05; done'`
    const stopping = new AbortController()
    const run = attempts.run(`${hidden} & wait; wait`, said, { signal: stopping.signal })
    await sleep(2000)
    const pids = groups().flatMap((name) =>
      readFileSync(join(folder, name, 'cgroup.procs'), 'utf8')
        .trim()
        .split('\n'),
    )
    expect(pids.length).toBeGreaterThan(1)
    stopping.abort()
    expect((await run).outcome).toEqual({ kind: 'stopped' })
    expect(pids.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([])
  })

  it('ends if the process that has started it is killed, as soon as another takes its place', async () => {
    const first = startSpawner(folder)
    const command = {
      argv: ['/bin/sh', '-c', 'setsid env -i sleep 1000 & sleep 1000'],
      env: { PATH: process.env.PATH ?? '' },
      tag: 'left',
      cwd: '/',
      stdout: '/dev/null',
      stderr: '/dev/null',
      limits: { stdout: 1, stderr: 1 },
      cpus: 1,
      memory: 0,
      grace: 100,
    }
    const lost = first.run(command, new AbortController().signal)
    await expect.poll(groups, { timeout: 20_000 }).toHaveLength(1)
    const [group = ''] = groups()
    const inside = () =>
      readFileSync(join(folder, group, 'cgroup.procs'), 'utf8')
        .trim()
        .split('\n')
    await expect.poll(inside, { timeout: 20_000 }).toHaveLength(3)
    const pids = inside()
    process.kill(Number(/\d+/.exec(group)?.[0]), 'SIGKILL')
    await expect(lost).rejects.toThrow('the process that starts commands ended')
    await expect.poll(groups, { timeout: 20_000 }).toEqual([])
    expect(pids.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([])
    await first.close()
  })

  if (isRoot)
    it('can not give itself more, or leave', async () => {
      const script = `group=/sys/fs/cgroup$(cut -d: -f3 /proc/self/cgroup)
      echo max > $group/memory.max || echo no; echo 0 > $group/../cgroup.procs || echo no
      mkdir $group/inner || echo no; id -u`
      const { text } = await attempts.run(script, { ...said, ...needing(64 * mib) })
      expect(text).toMatch(/^no\nno\nno\n7\d{4}\n$/)
    })
  else
    it('may divide its group, which goes all the same', async () => {
      const script = `group=/sys/fs/cgroup$(cut -d: -f3 /proc/self/cgroup); mkdir $group/inner
      setsid env -i sh -c 'echo 0 > '$group'/inner/cgroup.procs; exec sleep 1000' & sleep 2`
      expect((await attempts.run(script)).result).toMatchObject({ leftBehind: 1 })
      expect(groups()).toEqual([])
    })
}
