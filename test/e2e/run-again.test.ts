/** `tm run` again: what an earlier job has done is taken, whichever machine sent it. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import type { RunResult } from '../../src/cli/jobs/run.ts'
import { type Box, type Cluster, it, until } from './harness.ts'

const quick = ['--nodes', '2', '--max-workers', '2', '--tick', '50ms', '--scale-after', '100ms']

interface Prepared {
  cluster: Cluster
  files: string[]
  /** A line that notes each time it is run. */
  noting: (line: string) => string
  /** How often that was. */
  runs: () => number
  folder: (name: string) => string
}

async function prepare(box: Box, name: string, count: number, flags = quick): Promise<Prepared> {
  const cluster = box.cluster(name)
  await cluster.up(...flags)
  const notes = join(box.dataDir, 'notes')
  mkdirSync(notes)
  return {
    cluster,
    files: Array.from({ length: count }, (_, n) => box.file(`f${n}`, `file ${n}`)),
    noting: (line) => `mktemp ${notes}/XXXXXX >&2; ${line}`,
    runs: () => readdirSync(notes).length,
    folder: (at) => join(box.dataDir, at),
  }
}

/** Another machine that knows the cluster: it does not know what this one has sent. */
function onAnotherMachine({ folder }: Cluster): void {
  rmSync(join(folder, 'files.jsonl'))
}

describe('tm run --resume', () => {
  it('takes what is done, from any machine, and runs what failed, changed or is new', {
    timeout: 180_000,
  }, async ({ box }) => {
    const { cluster, files, noting, runs, folder } = await prepare(box, 'e2e-again', 6)
    const gate = folder('gate')
    const line = noting(`tr a-z A-Z < {in} > {out}; [ {name} != f3 ] || [ -e ${gate} ]`)
    const run = (to: string, ...more: string[]) => [
      ...['run', line, ...files, '--out', '{name}.up', '--to', folder(to), ...more],
    ]
    await cluster.json(run('first'), { code: 1 })
    expect(runs()).toBe(6)

    const planned = await cluster.tm(run('none', '--resume', '--dry-run'))
    expect(planned.stdout).toMatch(/^5 of 6 were done, the last \S+ s ago, 1 left to run\.$/m)
    expect(runs()).toBe(6)

    onAnotherMachine(cluster)
    writeFileSync(gate, '')
    writeFileSync(files[5] as string, 'changed')
    const again = await cluster.json<RunResult>(run('second', '--resume', '--retries', '1'))
    expect(again).toMatchObject({ number: 2, tasks: 6, earlier: { done: 4, open: 0 }, failed: [] })
    expect(runs()).toBe(8)
    expect(readdirSync(folder('second')).sort()).toEqual(files.map((_, n) => `f${n}.up`))
    expect(readFileSync(join(folder('second'), 'f5.up'), 'utf8')).toBe('CHANGED')
    expect((await cluster.tm(['job', '2'])).stdout).toMatch(/ 6: 2 succeeded, 4 are of job 1$/m)

    const last = await cluster.tm(run('third', '--resume'))
    expect(last.stderr).toMatch(/^6 of 6 were done, the last \S+ s ago, nothing left to run$/m)
    expect([last.code, runs(), readdirSync(folder('third')).length]).toEqual([0, 8, 6])

    // Without it, everything is run again.
    await cluster.json(run('fourth'))
    expect(runs()).toBe(14)
  })

  it('joins what is queued or running, and gives equal tasks a result each', {
    timeout: 180_000,
  }, async ({ box }) => {
    const { cluster, noting, runs, folder } = await prepare(box, 'e2e-again-joins', 0)
    const gate = folder('gate')
    const waiting = noting(`while [ ! -e ${gate} ]; do sleep 0.05; done; echo $$`)
    await cluster.tm(['run', '--times', '3', waiting, '--detach'])
    await until('some run', () => runs() > 0)
    const joined = cluster.spawn(['run', '--times', '4', waiting, '--resume'])
    let stderr = ''
    joined.child.stderr?.on('data', (text) => {
      stderr += text
    })
    await until('it has joined', () => stderr.includes('3 are queued or running, 1 left to run'))
    writeFileSync(gate, '')
    const { code, stdout } = await joined.ended
    expect(code).toBe(0)
    expect(new Set(stdout.trim().split('\n')).size).toBe(4)
    expect(runs()).toBe(4)

    // What is shown may lack its middle: that is not taken for the whole of it.
    const long = noting('seq 300000')
    const shown = await cluster.tm(['run', '--times', '1', long, '--max-stdout', '1KiB'])
    expect(shown.stdout.length).toBeLessThan(3000)
    expect(runs()).toBe(5)
    const whole = await cluster.tm(['run', '--times', '1', long, '--resume'])
    expect(whole.stdout.trim().split('\n')).toHaveLength(300_000)
    expect(runs()).toBe(6)
  })

  it('sends what is missing, if the client was killed while it sent, and refuses to guess', {
    timeout: 180_000,
  }, async ({ box }) => {
    const flags = ['--nodes', '2', '--max-workers', '0']
    const { cluster } = await prepare(box, 'e2e-again-killed', 0, flags)
    const count = 3000
    const queued = async () => {
      const states = await Promise.all(
        ['node-1', 'node-2'].map((id) => cluster.node(id).getState()),
      )
      return states.reduce((sum, { queue }) => sum + queue.queued, 0)
    }
    const args = ['run', '--array', `1-${count}`, 'echo {n}', '--resume', '--detach']
    for (const further of [1, 400, 1200, 2500]) {
      const running = cluster.spawn(args)
      await until(`${further} tasks`, async () => (await queued()) >= further, { every: 1 })
      running.child.kill('SIGKILL')
      await running.ended
    }
    expect((await cluster.tm(args)).code).toBe(0)
    expect(await queued()).toBe(count)

    const [node] = await cluster.processes('node')
    process.kill(node?.pid as number, 'SIGKILL')
    const refused = await cluster.tm(args)
    expect(refused.code).toBe(1)
    expect(refused.stderr).toMatch(/node-\d can't say which of the tasks it has/)
    expect(refused.stderr).toContain('leave out --resume')
  })
})

describe('a job whose tasks fail alike', () => {
  it('is paused and says so, goes on after the cause is gone, and can be ended', {
    timeout: 180_000,
  }, async ({ box }) => {
    const { cluster, folder } = await prepare(box, 'e2e-again-paused', 0)
    const gate = folder('gate')
    const line = `echo no model >&2; [ -e ${gate} ] || exit 3`
    const args = ['run', '--array', '1-120', line]
    const why = 'Job 1 is paused: the first 10 tasks failed alike: exit 3: no model'
    const paused = await cluster.tm(args)
    expect(paused.code).toBe(1)
    expect(paused.stderr).toContain(`Error: ${why}`)
    expect(paused.stderr).toMatch(/^job 1: 0 of 120 done, \d+ failed, \d+ not run$/m)
    expect(paused.stderr).toContain('tm retry --cluster e2e-again-paused 1')
    expect(paused.stderr).toContain('tm cancel --cluster e2e-again-paused 1')
    const shown = await cluster.tm(['job', '1'])
    expect(shown.stdout).toContain('the first 10 tasks failed alike: exit 3: no model')
    expect(shown.stdout).toMatch(/: paused$/m)
    expect((await cluster.tm(['jobs'])).stdout).toMatch(/^1\techo\tpaused\t/)
    const waited = await cluster.tm(['wait', '1'])
    expect([waited.code, waited.stderr.includes(why)]).toEqual([1, true])
    const { counts } = await jobOf(cluster, '1')
    expect(counts.failed).toBeGreaterThanOrEqual(10)
    expect(counts.queued).toBeGreaterThan(40)

    writeFileSync(gate, '')
    const again = await cluster.tm(['retry', '1'])
    expect(again.stdout).toMatch(/^Job 1 echo goes on: \d+ tasks queued again$/m)
    expect((await cluster.tm(['wait', '1'])).code).toBe(0)
    expect((await jobOf(cluster, '1')).counts).toMatchObject({ succeeded: 120, failed: 0 })

    rmSync(gate)
    await cluster.json(['run', '--array', '1-60', line], { code: 1 })
    await cluster.tm(['cancel', '2'])
    expect((await jobOf(cluster, '2')).counts).toMatchObject({ queued: 0, running: 0 })
    expect((await cluster.tm(['jobs'])).stdout).toMatch(/^2\techo\tfailed\t/)

    const all = await cluster.json<RunResult>(
      ['run', '--array', '1-30', line, '--fail-fast', '100%'],
      { code: 1 },
    )
    expect([all.failed?.length, all.paused]).toEqual([30, []])
    const first = await cluster.json<RunResult>(
      ['run', '--array', '1-60', line, '--fail-fast', '1'],
      { code: 1 },
    )
    expect(first.paused).toMatchObject([{ number: 4, reason: 'a task failed: exit 3: no model' }])
  })
})

describe('a job with a canary', () => {
  it('is tried by one worker, for which no other is started, until a task has succeeded', {
    timeout: 180_000,
  }, async ({ box }) => {
    const flags = ['--nodes', '1', '--max-workers', '3', '--tick', '50ms', '--scale-after', '100ms']
    const { cluster, folder } = await prepare(box, 'e2e-again-canary', 0, flags)
    const [gate, notes] = [folder('gate'), folder('notes')]
    // The parent of a command belongs to its worker.
    const line = `echo $PPID >> ${notes}/ppids; while [ ! -e ${gate} ]; do sleep 0.05; done; sleep 0.3`
    const workersSeen = () =>
      new Set(readFileSync(join(notes, 'ppids'), 'utf8').trim().split('\n')).size
    const running = cluster.spawn(['run', '--times', '24', line, '--canary'])
    let stderr = ''
    running.child.stderr?.on('data', (text) => {
      stderr += text
    })
    await until('the run says why', () => stderr.includes('One worker tries the job first'))
    const { nodes } = await cluster.health()
    expect(nodes[0]?.scaling?.reason).toBe(
      'no backlog but for a job that one worker tries first: nothing to do (1 active worker)',
    )
    expect((await cluster.tm(['job', '1'])).stdout).toContain('one worker tries it first')
    expect([workersSeen(), (await cluster.processes('worker')).length]).toEqual([1, 1])
    writeFileSync(gate, '')
    expect((await running.ended).code).toBe(0)
    expect(workersSeen()).toBeGreaterThan(1)
    expect((await cluster.tm(['job', '1'])).stdout).not.toContain('one worker tries it first')
  })
})

interface Shown {
  job: { counts: Record<string, number> }
}

async function jobOf(cluster: Cluster, name: string): Promise<Shown['job']> {
  return (await cluster.json<Shown>(['job', name])).job
}
