/** What one can see of a job and its tasks: by real commands, on a real cluster of this machine. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import type { JobView } from '../../src/cli/jobs/jobs.ts'
import type { JobProgress } from '../../src/cli/jobs/progress.ts'
import type { TaskLog } from '../../src/cli/logs/task-log.ts'
import type { LoggedTask } from '../../src/cli/output/job-log.ts'
import { type Box, type Cluster, it, send, until } from './harness.ts'

type JobJson = { job: JobView } & JobProgress

const quick = ['--nodes', '2', '--max-workers', '2', '--tick', '50ms', '--scale-after', '100ms']

async function clusterIn(box: Box, name: string, ...flags: string[]): Promise<Cluster> {
  const cluster = box.cluster(name)
  await cluster.up(...quick, ...flags)
  return cluster
}

describe('tm logs', () => {
  it('shows what the newest three failed attempts wrote, whatever it is', {
    timeout: 180_000,
  }, async ({ box }) => {
    const cluster = await clusterIn(box, 'e2e-logs-failed')
    const line =
      'echo "try {attempt} of {n}" >&2; printf "\\033[2J10 %%\\r20 %%\\n"; yes | head -n 50000; [ {n} != 2 ]'
    const ran = await cluster.tm([
      'run',
      '--array',
      '1-2',
      line,
      '--retries',
      '3',
      '--to',
      box.dataDir,
    ])
    expect(ran.code).toBe(1)

    const log = await cluster.json<TaskLog>(['logs', '1:2'])
    expect(log.task).toMatchObject({ n: 2, state: 'failed', exit: 1, reason: 'exit' })
    expect(log.attempts.map(({ attempt, stderr }) => [attempt, stderr?.text])).toEqual([
      [2, 'try 2 of 2\n'],
      [3, 'try 3 of 2\n'],
      [4, 'try 4 of 2\n'],
    ])
    for (const { stdout, worker, exit, ran = -1 } of log.attempts) {
      expect(stdout?.text).toBe('y\n'.repeat(32_768))
      expect(stdout?.bytes).toBe(100_014)
      expect({ worker, exit }).toEqual({ worker: expect.stringMatching(/^node-/), exit: 1 })
      expect(ran).toBeGreaterThanOrEqual(0)
    }
    const { id } = log.task
    // The same task by its id and by the beginning of that.
    expect(await cluster.json(['logs', id])).toEqual(log)
    expect(await cluster.json(['logs', id.slice(0, 33)])).toEqual(log)
    // A job alone is its first failed task.
    expect(await cluster.json(['logs', 'last'])).toEqual(log)

    const text = (await cluster.tm(['logs', '1:2', '--lines', '2'])).stdout
    expect(text).toMatch(
      /^Attempt 2 on node-\S+, \d{4}-\S+Z: exit 1 after \d+\.\d s\nstderr:\ntry 2 of 2\n/,
    )
    expect(text).toContain('stdout, the last 2 lines of 97.7 KiB:\ny\ny\n')

    // What succeeded has what its job keeps: here stdout, and nothing of stderr.
    const done = await cluster.json<TaskLog>(['logs', '1:1'])
    expect(done.attempts).toEqual([])
    expect([done.stdout?.bytes, done.stderr]).toEqual([100_014, undefined])
    expect(done.stdout?.text.endsWith('y\ny\n')).toBe(true)

    const missing = await cluster.tm(['logs', '1:9'])
    expect(missing).toMatchObject({ code: 1, stdout: '' })
    expect(missing.stderr).toContain('Job 1 has no task 9')
    const unknown = await cluster.tm(['logs', 'ffffffff-0000'])
    expect(unknown.stderr).toContain('No node knows a task that begins with ffffffff-0000')
  })

  it('--follow shows what a task writes while it runs, through its attempts, and ends with it', {
    timeout: 180_000,
  }, async ({ box }) => {
    const cluster = await clusterIn(box, 'e2e-logs-follow')
    const gate = (n: number) => join(box.dataDir, `gate-${n}`)
    const wait = (n: number) => `while [ ! -e ${gate(n)} ]; do sleep 0.02; done`
    const line = `echo before {attempt}; ${wait(1)}; echo err >&2; echo after; ${wait(2)}; printf last; [ {attempt} = 2 ]`
    await cluster.tm(['run', '--array', '1-1', line, '--retries', '1', '--detach'])
    await until('it runs', async () => {
      const { running } = await cluster.json<JobJson>(['job', '1'])
      return running.length > 0
    })
    const follower = cluster.spawn(['logs', '--follow', '1:1'])
    const seen = { stdout: '', stderr: '' }
    follower.child.stdout?.on('data', (text) => {
      seen.stdout += text
    })
    follower.child.stderr?.on('data', (text) => {
      seen.stderr += text
    })
    await until('what it had written is seen', () => seen.stdout === 'before 1\n')
    // Without --follow, it is the same at this moment.
    const now = await cluster.tm(['logs', '1:1'])
    expect(now.stdout).toMatch(/^Attempt 1 on \S+: runs\nstdout:\nbefore 1\n$/)
    expect(now.stderr).toContain('tm logs --follow --cluster e2e-logs-follow 1:1')
    writeFileSync(gate(1), '')
    await until('what is added is seen', () => seen.stdout === 'before 1\nafter\n')
    expect(seen.stderr).toContain('err\n')
    writeFileSync(gate(2), '')
    const ended = await follower.ended
    expect(ended).toMatchObject({ code: 0, signal: null })
    expect(ended.stdout).toBe('before 1\nafter\nlastbefore 2\nafter\nlast')
    expect(ended.stderr).toMatch(/Task 1 succeeded: exit 0 after \d+\.\d s\.\n$/)
    // It is over: the same says how it ended, and its exit code is that of a task that failed.
    const failing = await cluster.tm(['run', '--times', '1', 'echo no >&2; exit 7'])
    expect(failing.code).toBe(1)
    const late = await cluster.tm(['logs', '-f', 'last:1'])
    expect(late).toMatchObject({ code: 1, stdout: '' })
    expect(late.stderr).toMatch(/^no\nTask 1 failed: exit 7 after 0\.\d s\.\n$/)
  })

  it('--follow leaves the task as it is when it is interrupted', {
    timeout: 180_000,
  }, async ({ box }) => {
    const cluster = await clusterIn(box, 'e2e-logs-interrupted')
    const gate = join(box.dataDir, 'gate')
    const line = `echo here; while [ ! -e ${gate} ]; do sleep 0.02; done`
    await cluster.tm(['run', '--times', '1', line, '--detach'])
    const follower = cluster.spawn(['logs', '-f', '1'])
    let stdout = ''
    follower.child.stdout?.on('data', (text) => {
      stdout += text
    })
    await until('it is seen', () => stdout === 'here\n')
    send(follower.pid, 'SIGINT')
    const ended = await follower.ended
    expect(ended.signal).toBe('SIGINT')
    expect(ended.stderr).toMatch(
      /The task goes on\. Look again: tm logs --follow --cluster \S+ 1\n/,
    )
    writeFileSync(gate, '')
    expect((await cluster.tm(['wait', '1'])).code).toBe(0)
  })
})

describe('tm job', () => {
  it('shows what runs, since when and with its last line, and the first failures', {
    timeout: 180_000,
  }, async ({ box }) => {
    const cluster = await clusterIn(box, 'e2e-job', '--lease', '2s')
    const gate = join(box.dataDir, 'gate')
    const line = `[ {n} != 1 ] || { echo "bad luck" >&2; exit 3; }; printf '10 %%\\r20 %%\\r'
      while [ ! -e ${gate} ]; do sleep 0.05; done`
    await cluster.tm(['run', '--array', '1-3', line, '--detach'])
    const shown = await until('a line of what runs is seen', async () => {
      const seen = await cluster.json<JobJson>(['job', '1'])
      return seen.running.some((task) => task.line === '20 %') && seen.failed.length > 0 && seen
    })
    expect(shown.failed).toMatchObject([{ n: 1, exit: 3, error: 'exit 3: bad luck' }])
    const oldest = shown.running.find((task) => task.line === '20 %')
    expect(oldest?.beganAt).toBeGreaterThanOrEqual((oldest?.startedAt ?? 0) - 1000)
    const text = (await cluster.tm(['job', '1'])).stdout
    expect(text).toMatch(/^ {2}running {2}\d n=\d|^ {2}running {2}\d {2}/m)
    expect(text).toContain('20 %')
    expect(text).toMatch(/^ {2}failed {2}1 {2}exit 3: bad luck$/m)
    writeFileSync(gate, '')
    await cluster.tm(['wait', '1'])
    const after = await cluster.json<JobJson>(['job', '1'])
    expect(after).toMatchObject({ running: [], job: { counts: { succeeded: 2, failed: 1 } } })
    expect(after.perSecond).toBeGreaterThan(0)
  })
})

describe('tm run and tm wait', () => {
  it('show how a job stands, and its failures once', { timeout: 180_000 }, async ({ box }) => {
    const cluster = await clusterIn(box, 'e2e-status', '--lease', '2s')
    const gate = join(box.dataDir, 'gate')
    const line = `[ {n} -gt 12 ] || { echo one >&2; echo "bad {n}" >&2; exit 3; }
      echo at the gate; while [ ! -e ${gate} ]; do sleep 0.05; done`
    const args = ['run', '--array', '1-14', line, '--name', 'gates', '--fail-fast', '100%']
    const running = cluster.spawn(args)
    let stderr = ''
    running.child.stderr?.on('data', (text) => {
      stderr += text
    })
    await until('a line says what runs', () => / runs .*: at the gate\n/.test(stderr))
    expect(stderr).toMatch(
      /^job 1 gates: 0 done, 12 failed, 2 running, 0 waiting.*; task 1[34].* runs \d+\.\d s: at the gate$/m,
    )
    const waiting = cluster.spawn(['wait', '1'])
    let waited = ''
    waiting.child.stderr?.on('data', (text) => {
      waited += text
    })
    await until('it says the same', () => / runs .*: at the gate\n/.test(waited))
    writeFileSync(gate, '')
    for (const ended of [await running.ended, await waiting.ended]) {
      expect(ended.code).toBe(1)
      expect(ended.stderr.match(/^Error: task \d+.*: exit 3: /gm)).toHaveLength(10)
      // The first as it is, the others with their last line.
      expect(ended.stderr.match(/^Error: task \d+.*: exit 3: one\nbad \d+$/gm)).toHaveLength(1)
      expect(ended.stderr.match(/^Error: task \d+.*: exit 3: bad \d+$/gm)).toHaveLength(9)
      expect(ended.stderr).toContain('More failures are only counted\n')
      expect(ended.stderr).toMatch(/done 14 of 14/)
    }
  })
})

describe('tm joblog', () => {
  it('is a log that scripts for GNU Parallel read', { timeout: 180_000 }, async ({ box }) => {
    const cluster = await clusterIn(box, 'e2e-joblog')
    const line = 'case {n} in 2) exit 3;; 3) kill -9 $$;; esac; head -c 1000 /dev/zero > {out}'
    const before = Date.now() / 1000
    await cluster.tm(['run', '--array', '1-3', line, '--out', '{n}.bin', '--to', box.dataDir])
    const log = await cluster.tm(['joblog', '1'])
    expect(log.code, log.stderr).toBe(0)
    const [header, ...lines] = log.stdout.trimEnd().split('\n')
    expect(header).toBe('Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand')
    const rows = lines.map((one) => one.split('\t')).sort()
    expect(rows.map(([seq, , , , ...rest]) => [seq, ...rest])).toEqual(
      [
        ['1', '0', '1000', '0', '0'],
        ['2', '0', '0', '3', '0'],
        ['3', '0', '0', '0', '9'],
      ].map((row) => [
        ...row,
        `${line.replaceAll('{n}', row[0] ?? '').replace('{out}', `${row[0]}.bin`)}`,
      ]),
    )
    for (const [, host, start, runtime] of rows) {
      expect(host).toMatch(/^node-\d+-/)
      expect(Number(start)).toBeGreaterThanOrEqual(before - 1)
      expect(runtime).toMatch(/^ +\d+\.\d{3}$/)
    }
    // What a script of theirs does: the commands that failed.
    const failed = await box.start(
      ['awk', '-F', '\t', 'NR > 1 && ($7 != 0 || $8 != 0) {print $1}'],
      {},
      log.stdout,
    ).ended
    expect(failed.stdout.trim().split('\n').sort()).toEqual(['2', '3'])

    const wide = await cluster.tm(['joblog', 'last', '--wide'])
    const names = wide.stdout.split('\n')[0]?.split('\t') ?? []
    expect(names.slice(8)).toEqual([
      ...['State', 'Attempts', 'Reason', 'UserTime', 'SystemTime', 'PeakMemory', 'Task', 'Command'],
    ])
    const { tasks } = await cluster.json<{ tasks: LoggedTask[] }>(['joblog', '1'])
    const second = tasks.find(({ seq }) => seq === 2)
    expect(second).toMatchObject({ exitval: 3, state: 'failed', reason: 'exit', attempts: 1 })
    const status = await cluster.tm(['status', second?.id ?? ''])
    expect(status.stdout).toMatch(/^ran +\d+\.\d s$/m)
    expect(status.stdout).toMatch(/^processor +about \d+\.\d s user, \d+\.\d s system$/m)
    expect(status.stdout).toMatch(/^worker +node-/m)
  })
})
