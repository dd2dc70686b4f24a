/** The process table: processes by their tag, never by a number that another one may have got. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import {
  findByVariable,
  findProcesses,
  isAlive,
} from '../../../src/provider/local/process-table.ts'
import { until } from '../until.ts'

const tag = `tm:table-test-${process.pid}:`
const script = 'setInterval(() => {}, 60_000)'
const started: ChildProcess[] = []

function start(...args: string[]): number {
  const child = spawn(process.execPath, ['-e', script, '--', ...args], { stdio: 'ignore' })
  started.push(child)
  return child.pid as number
}

afterEach(async () => {
  for (const child of started.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
})

describe('findByVariable', () => {
  it('finds processes by a variable that they have or have inherited, by the beginning of its value', async () => {
    const groups: number[] = []
    const begin = (env: Record<string, string>): number => {
      const { pid = 0 } = spawn('/bin/sh', ['-c', 'sleep 60; true'], {
        env: { PATH: '/usr/bin:/bin', ...env },
        stdio: 'ignore',
        detached: true,
      })
      groups.push(pid)
      return pid
    }
    const found = () => findByVariable('TM_TAG', tag)
    const names = () => found().map(({ args }) => args[0] ?? '')
    try {
      const marked = begin({ TM_TAG: `${tag}x` })
      begin({ TM_TAG: `x${tag}`, OTHER_TM_TAG: tag })
      await until('its child runs', async () => names().includes('sleep'))
      expect(names().sort()).toEqual(['/bin/sh', 'sleep'])
      expect(found().map(({ pid }) => pid)).toContain(marked)
    } finally {
      for (const pid of groups) process.kill(-pid, 'SIGKILL')
    }
    await until('it is gone', async () => found().length === 0)
  })
})

describe('findProcesses', () => {
  it('finds every process that has an argument which begins with the tag', async () => {
    const [a, b] = [start(`${tag}a`), start('--other', `${tag}b`, 'with some spaces')]
    start(`not-${tag}c`)
    const found = (await findProcesses(tag)).toSorted((x, y) => x.pid - y.pid)
    expect(found.map(({ pid }) => pid)).toEqual([a, b].sort((x, y) => x - y))
    expect(found.find(({ pid }) => pid === b)?.args).toContain('with some spaces')
  })

  it('finds a process once while it forks another one, which has its arguments for a moment', async () => {
    // A subshell is such a process for as long as it lives.
    const forking = spawn('/bin/sh', ['-c', '(sleep 60; true) & wait', `${tag}forks`], {
      stdio: 'ignore',
      detached: true,
    })
    const { pid = 0 } = forking
    try {
      await until('it has forked', async () => {
        const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
        return children !== '' && readFileSync(`/proc/${children}/cmdline`, 'utf8').includes(tag)
      })
      expect((await findProcesses(tag)).map((one) => one.pid)).toEqual([pid])
    } finally {
      process.kill(-pid, 'SIGKILL')
    }
  })

  it('finds none for a tag that nobody has', async () => {
    expect(await findProcesses(`${tag}none:`)).toEqual([])
  })
})

describe('isAlive', () => {
  it('is true while the process runs, and false when it has ended', async () => {
    start(`${tag}a`)
    const [found] = await findProcesses(tag)
    if (!found) throw new Error('not found')
    expect(await isAlive(found)).toBe(true)
    started[0]?.kill('SIGKILL')
    await until('it has ended', async () => !(await isAlive(found)))
    expect(await findProcesses(tag)).toEqual([])
  })

  it('is false of a later process that has got the same id', async () => {
    const pid = start(`${tag}a`)
    const [found] = await findProcesses(tag)
    if (!found) throw new Error('not found')
    const earlier = { ...found, startedAt: String(Number(found.startedAt) - 1) }
    expect(found.pid).toBe(pid)
    expect(await isAlive(earlier)).toBe(false)
    expect(await isAlive({ ...found, startedAt: '' })).toBe(false)
    expect(await isAlive(found)).toBe(true)
  })

  it('is false of an id that nobody has', async () => {
    expect(await isAlive({ pid: 2 ** 22 + 1, startedAt: '1', args: [] })).toBe(false)
  })
})

/** Of a process whose parent does not ask for its end, the kernel keeps an entry. */
it.runIf(process.platform === 'linux')('leaves out a process that is only an entry', async () => {
  // The shell starts the child, then becomes a program that never waits for it.
  const child = `"${process.execPath}" -e '${script}' -- ${tag}zombie`
  const parent = spawn('/bin/sh', ['-c', `${child} & exec sleep 60`], { stdio: 'ignore' })
  started.push(parent)
  await until('the parent has become the other program', () => {
    return readFileSync(`/proc/${parent.pid}/comm`, 'utf8') === 'sleep\n'
  })
  await until('the child runs', async () => (await findProcesses(tag)).length === 1)
  const [found] = await findProcesses(tag)
  if (!found) throw new Error('not found')
  process.kill(found.pid, 'SIGKILL')
  await until('it is a zombie', () => {
    return readFileSync(`/proc/${found.pid}/stat`, 'utf8').includes(') Z ')
  })
  expect(await isAlive(found)).toBe(false)
  expect(await findProcesses(tag)).toEqual([])
})

/** A computer sees the processes of its containers, where the same path is another folder. */
it('leaves out a process of a container', async ({ skip }) => {
  const [unshare = '', ...inside] = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc']
  if (spawnSync(unshare, [...inside, 'true']).status !== 0) {
    skip('NOT TESTED: no process namespaces here')
  }
  const program = [process.execPath, '-e', `console.log('up'); ${script}`, '--', `${tag}inside`]
  const child = spawn(unshare, [...inside, ...program], { stdio: ['ignore', 'pipe', 'ignore'] })
  started.push(child)
  await once(child.stdout, 'data')
  start(`${tag}outside`)
  await until('the other one runs', async () => (await findProcesses(tag)).length > 0)
  const found = await findProcesses(tag)
  // `unshare` itself has the same arguments, and is here.
  expect(found.flatMap(({ args }) => (args[0] === unshare ? [] : [args.at(-2)]))).toEqual([
    `${tag}outside`,
  ])
})
