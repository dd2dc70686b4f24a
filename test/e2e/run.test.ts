/** `tm run` as a user types it, on a real cluster of this machine. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import type { Task } from '../../src/api/client.ts'
import type { RunResult } from '../../src/cli/jobs/run.ts'
import { type Box, type Cluster, it, send, until } from './harness.ts'

const quick = ['--nodes', '2', '--max-workers', '2', '--tick', '50ms', '--scale-after', '100ms']

async function clusterIn(box: Box, name: string): Promise<Cluster> {
  const cluster = box.cluster(name)
  await cluster.up(...quick)
  return cluster
}

/** A folder of this test, and what is in it. */
function folderOf(box: Box, name: string) {
  const path = join(box.dataDir, name)
  mkdirSync(path, { recursive: true })
  return {
    path,
    file(file: string, content: string): string {
      writeFileSync(join(path, file), content)
      return join(path, file)
    },
    read: (file: string) => readFileSync(join(path, file), 'utf8'),
    list: () => readdirSync(path).sort(),
  }
}

describe('tm run', () => {
  it('does what the README says: files in, files out, whatever their names', {
    timeout: 180_000,
  }, async ({ box }) => {
    const cluster = await clusterIn(box, 'e2e-run')
    const data = folderOf(box, 'data')
    const out = folderOf(box, 'out')
    const names = [
      'plain.txt',
      'two words.txt',
      'it\'s $(touch pwned); `x` & "q".txt',
      '-n.txt',
      '日本語.txt',
    ]
    const files = names.map((name) => data.file(name, `hello from ${name}\n`))
    const line = 'tr a-z A-Z < {in} > {out}'
    const args = ['run', line, ...files, '--out', '{stem}.up', '--to', out.path]
    const first = await cluster.json<RunResult>(args)
    expect(first).toMatchObject({ number: 1, tasks: 5, failed: [], errors: [] })
    expect(out.list()).toEqual(names.map((name) => name.replace(/\.txt$/, '.up')).sort())
    for (const name of names) {
      const { stdout } = await box.start(['tr', 'a-z', 'A-Z'], {}, `hello from ${name}\n`).ended
      expect(out.read(name.replace(/\.txt$/, '.up'))).toBe(stdout)
    }
    expect(existsSync(join(data.path, 'pwned'))).toBe(false)

    // Again: equal files are left alone, others are never replaced unasked.
    await cluster.json(args)
    writeFileSync(join(out.path, 'plain.up'), 'mine')
    const refused = await cluster.tm(args)
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain('plain.up exists, with other content')
    expect(out.read('plain.up')).toBe('mine')
    await cluster.json([...args, '--overwrite'])
    expect(out.read('plain.up')).toBe('HELLO FROM PLAIN.TXT\n')

    // A filter, and a program without a shell: what they say is shown.
    const filter = await cluster.tm(['run', 'wc -c', ...files.slice(0, 2)])
    expect(filter.stdout.trim().split(/\s+/).sort()).toEqual(['21', '25'])
    const program = await cluster.tm(['run', ...files.slice(2, 3), '--', 'printf', '<%s>', '{in}'])
    expect(program.stdout).toBe(`<${names[2]}>`)

    const { jobs } = await cluster.json<{ jobs: { definition: { number: number } }[] }>(['jobs'])
    expect(jobs.map(({ definition }) => definition.number)).toEqual([6, 5, 4, 3, 2, 1])
    expect((await cluster.tm(['job', '1'])).stdout).toContain('5: 5 succeeded')
  })

  it('tells failures, retries what was asked for, and leaves nothing half done', {
    timeout: 180_000,
  }, async ({ box }) => {
    const cluster = await clusterIn(box, 'e2e-run-fails')
    const out = folderOf(box, 'out')
    const line = 'echo {n} > {out}; echo "no luck with {n}" >&2; [ {n} != 2 ]'
    const args = ['run', '--array', '1-3', line, '--out', '{n}.txt', '--to', out.path]
    const failed = await cluster.json<RunResult>(args, { code: 1 })
    expect(failed.failed).toMatchObject([
      { n: 2, error: expect.stringMatching(/^exit 1: no luck with 2/) },
    ])
    expect(out.list()).toEqual(['1.txt', '3.txt'])

    const sometimes = 'if [ {attempt} -lt 3 ]; then exit 7; fi; echo {attempt}'
    const retried = await cluster.tm([
      'run',
      '--times',
      '1',
      sometimes,
      '--retries',
      '5',
      '--retry-on',
      '7',
    ])
    expect(retried).toMatchObject({ code: 0, stdout: '3\n' })

    const slow = await cluster.json<RunResult>(
      ['run', '--times', '1', 'sleep 60 & sleep 61', '--timeout', '300ms', '--grace', '1s'],
      { code: 1 },
    )
    expect(slow.failed?.[0]?.error).toBe('it ran longer than 0.3 s')
    const missing = await cluster.json<RunResult>(['run', '--times', '1', 'true', '--out', 'x'], {
      code: 1,
    })
    expect(missing.failed?.[0]?.error).toBe('output x is missing')
  })

  it('goes on without its terminal: Ctrl-C, wait, pull, cancel and retry', {
    timeout: 180_000,
  }, async ({ box }) => {
    const cluster = await clusterIn(box, 'e2e-run-detached')
    const out = folderOf(box, 'out')
    const gate = join(box.dataDir, 'gate')
    const line = `while [ ! -e ${gate} ]; do sleep 0.05; done; echo {n} > {out}; [ {n} != 3 ]`
    const running = cluster.spawn(['run', '--array', '1-3', line, '--out', '{n}.txt'])
    let stderr = ''
    running.child.stderr?.on('data', (text) => {
      stderr += text
    })
    await until('the job is sent', () => stderr.includes('sent 3 of 3'))
    send(running.pid, 'SIGINT')
    const ended = await running.ended
    expect(ended).toMatchObject({ signal: 'SIGINT' })
    expect(ended.stderr).toMatch(/Job 1 goes on\. See it: tm job --cluster \S+ 1\./)

    const early = await cluster.json<{ open: number }>(['pull', 'last', '--to', out.path], {
      code: 1,
    })
    expect(early).toMatchObject({ open: 3, files: [] })
    writeFileSync(gate, '')
    const { tasks } = await cluster.json<{ tasks: Task[] }>(['wait', '1'], { code: 1 })
    expect(tasks.map(({ state }) => state).sort()).toEqual(['failed', 'succeeded', 'succeeded'])
    const pulled = await cluster.json(['pull', '1', '--to', join(out.path, '{n}')], { code: 1 })
    expect(pulled).toMatchObject({ succeeded: 2, failed: 1, open: 0 })
    expect([out.read('1/1.txt'), out.read('2/2.txt'), out.list()]).toEqual([
      '1\n',
      '2\n',
      ['1', '2'],
    ])
    expect(await cluster.json(['retry', '1'])).toMatchObject({ number: 1, tasks: 1 })
    await cluster.json(['wait', '1'], { code: 1 })

    const detached = await cluster.tm([
      'run',
      '--times',
      '4',
      'sleep 600',
      '--detach',
      '--name',
      'long',
    ])
    expect(detached.stdout).toMatch(/^[0-9a-f-]{36}\n$/)
    await until('one runs', async () =>
      (await cluster.tm(['job', 'long'])).stdout.includes('running'),
    )
    // By the id that it printed.
    const id = detached.stdout.trim()
    expect(await cluster.json(['cancel', id])).toMatchObject({ number: 2, tasks: 4 })
    expect((await cluster.json<{ tasks: Task[] }>(['wait', id], { code: 1 })).tasks).toHaveLength(4)
    await until('no command runs any more', async () => {
      const left = (await box.processes()).filter((one) => one.command.includes('sleep 600'))
      return left.length === 0
    })
  })

  it('--local needs no cluster, and leaves none; what was interrupted is tidied up by the next', {
    timeout: 180_000,
  }, async ({ box }) => {
    const cluster = box.cluster('e2e-run-alone')
    const data = folderOf(box, 'data')
    const out = folderOf(box, 'out')
    const file = data.file('a.txt', 'a\n')
    const args = [
      'run',
      '--local',
      'cat {in} {in} > {out}',
      file,
      '--out',
      'twice',
      '--to',
      out.path,
    ]
    const first = await cluster.tm(args)
    expect(first.code, first.stderr).toBe(0)
    expect(out.read('twice')).toBe('a\na\n')
    expect(existsSync(cluster.folder)).toBe(false)
    expect(await cluster.processes()).toEqual([])

    const killed = cluster.spawn(['run', '--local', '--times', '1', 'sleep 2; echo late'])
    await until('it runs', async () => (await cluster.processes('worker')).length > 0)
    send(killed.pid, 'SIGKILL')
    await killed.ended
    // Its result was never fetched: the next run does not throw it away, and says how to.
    const next = await cluster.tm([...args, '--overwrite'])
    expect(next.code, next.stderr).toBe(0)
    expect(next.stderr).toContain('tm down --cluster e2e-run-alone')
    expect((await cluster.tm(['wait', 'sleep'])).code).toBe(0)
    expect((await cluster.tm(['pull', 'sleep'])).stdout).toBe('late\n')
    const last = await cluster.tm([...args, '--overwrite'])
    expect(last.code, last.stderr).toBe(0)
    expect(existsSync(cluster.folder)).toBe(false)
    expect(await cluster.processes()).toEqual([])

    // A cluster that is there stays.
    await cluster.up('--nodes', '1')
    await cluster.tm(args)
    expect(await cluster.processes('node')).toHaveLength(1)
  })

  it('refuses what can not work before anything is sent', async ({ box }) => {
    const cluster = await clusterIn(box, 'e2e-run-refused')
    const data = folderOf(box, 'data')
    mkdirSync(join(data.path, 'sub'))
    const [one, two] = [data.file('a.avi', '1'), data.file('sub/a.avi', '2')]
    const refused: [string[], RegExp][] = [
      [['cp {in} {out}', one, two, '--out', '{stem}.mp4'], /Two outputs would be a\.mp4/],
      [['cp {imput} x', one], /Unknown placeholder \{imput\}/],
      [["echo '{in}'", one], /nothing/],
      [['true'], /nothing to run the command for/],
      [[], /no command to run/],
      [['true', one, '--timeout', 'soon'], /--timeout must be a duration/],
    ]
    for (const [args, why] of refused) {
      const ran = await cluster.tm(['run', ...args])
      expect([args, ran.code]).toEqual([args, 2])
      expect(ran.stderr).toMatch(why)
    }
    expect(await cluster.json(['jobs'])).toEqual({ jobs: [] })
  })

  it('loses nothing when workers are killed in the middle, and leaves no process', {
    timeout: 180_000,
  }, async ({ box }) => {
    const cluster = box.cluster('e2e-run-killed')
    await cluster.up(...quick, '--lease', '2s')
    const out = folderOf(box, 'out')
    const args = [
      'run',
      '--array',
      '1-30',
      'sleep 0.2; echo {n} > {out}',
      '--out',
      '{n}',
      '--to',
      out.path,
    ]
    const running = cluster.spawn([...args, '--json'])
    for (let kill = 0; kill < 3; kill += 1) {
      await until('something is done', () => out.list().length > kill * 5)
      const [victim] = await cluster.processes('worker')
      if (victim) send(victim.pid, 'SIGKILL')
    }
    const ended = await running.ended
    expect(ended.code, ended.stderr).toBe(0)
    expect(out.list().sort((a, b) => Number(a) - Number(b))).toEqual(
      Array.from({ length: 30 }, (_, index) => String(index + 1)),
    )
    for (const name of out.list()) expect(out.read(name)).toBe(`${name}\n`)
    // Also not what a killed worker has left.
    await cluster.down()
    expect(existsSync(cluster.folder)).toBe(false)
  })
})
