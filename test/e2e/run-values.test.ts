/** Where the tasks of `tm run` come from, and what commands get, on a real cluster of this machine. */
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import type { RunResult } from '../../src/cli/jobs/run.ts'
import { type Box, type Cluster, it } from './harness.ts'

async function clusterIn(box: Box, name: string): Promise<Cluster> {
  const cluster = box.cluster(name)
  await cluster.up('--nodes', '1', '--max-workers', '1', '--tick', '50ms', '--scale-after', '100ms')
  return cluster
}

describe('tm run', { timeout: 120_000 }, () => {
  it('--per-task gives a command many files, under their names', async ({ box }) => {
    const cluster = await clusterIn(box, 'e2e-run-many')
    const files = ['-a', 'b c', '$(x)', 'd', 'e'].map((name) => box.file(name, `<${name}>`))
    const to = join(box.dataDir, 'out')
    mkdirSync(to)
    const many = ['--per-task', '2', '--out', '{n}.txt', '--to', to]
    const result = await cluster.json<RunResult>(['run', ...many, 'cat {in} > {out}', ...files])
    expect(result).toMatchObject({ tasks: 3, failed: [], errors: [] })
    const outputs = [1, 2, 3].map((n) => readFileSync(join(to, `${n}.txt`), 'utf8'))
    expect(outputs).toEqual(['<-a><b c>', '<$(x)><d>', '<e>'])

    const args = ['run', '--per-task', '5', ...files, '--', 'printf', '%s|', '{in}']
    expect((await cluster.tm(args)).stdout).toBe('./-a|b c|$(x)|d|e|')

    const gone = await cluster.json<RunResult>(
      ['run', '--per-task', '2', 'cat {in}', ...files, join(to, 'gone')],
      { code: 1 },
    )
    expect(gone.errors).toEqual([
      { file: `${files[4]} and 1 more`, message: `${join(to, 'gone')}: there is no such file` },
    ])
    expect(gone).toMatchObject({ tasks: 2, failed: [] })
  })

  it('gives commands nothing of the environment of nodes and workers', async ({ box }) => {
    const secret = 'do-not-show-this'
    const own = {
      AWS_ACCESS_KEY_ID: secret,
      AWS_SECRET_ACCESS_KEY: secret,
      AWS_SESSION_TOKEN: secret,
      TM_TOKEN: secret,
      MY_PASSWORD: secret,
    }
    const around = { ...own, TM_CLUSTER: 'e2e-run-environment' }
    box.cluster('e2e-run-environment')
    const up = ['up', '--local', '--nodes', '1', '--scale-after', '100ms', '--tick', '50ms']
    expect(await box.tm(up, around).ended).toMatchObject({ code: 0 })
    // The process that started the command, too.
    const line = 'env; tr "\\0" "\\n" < /proc/$PPID/environ'
    const args = ['run', '--times', '1', line, '--env', 'MINE=1', '--env', 'OMP_NUM_THREADS=3']
    const ran = await box.tm(args, around).ended
    expect(ran).toMatchObject({ code: 0 })
    expect(ran.stdout).not.toContain(secret)
    expect(ran.stdout).not.toMatch(/tm_(admin|worker|node)_/)
    expect(ran.stdout).toContain('MINE=1\n')
    expect(ran.stdout).toContain('OMP_NUM_THREADS=3\n')
    expect(ran.stdout).toContain('MKL_NUM_THREADS=1\n')
  })

  it('keeps all of stdout for a pipe, and else its beginning and its end', async ({ box }) => {
    const cluster = await clusterIn(box, 'e2e-run-stdout')
    const args = ['run', '--times', '1', 'seq 1 300000']
    const whole = await cluster.tm(args)
    expect(whole.stdout.split('\n')).toHaveLength(300_001)
    expect(whole.stderr).not.toContain('Warning')
    const cut = await cluster.tm([...args, '--max-stdout', '20B'])
    expect(cut.stdout).toBe('1\n2\n3\n4\n5\n… 1.9 MiB left out …\n300000\n')
    expect(cut.stderr).toContain('in the middle of the stdout of task 1 are left out')
    expect(cut.code).toBe(0)
    const large = await cluster.tm(['run', '--times', '1', 'yes', '--max-output', '1MiB'])
    expect(large.stderr).toContain('it wrote over 1 MiB to stdout')
    expect(large.code).toBe(1)
  })

  it('is refused where --no-commands says so, and allowed again by --commands on', async ({
    box,
  }) => {
    const cluster = box.cluster('e2e-run-refusing')
    const up = ['--nodes', '1', '--max-workers', '1', '--tick', '50ms', '--scale-after', '100ms']
    await cluster.up(...up, '--no-commands')
    const refused = await cluster.tm(['run', '--times', '1', 'echo hello'])
    expect(refused.stderr).toContain('This cluster runs no commands')
    expect(refused.stderr).toContain('tm up --local --commands on')
    expect(refused).toMatchObject({ code: 1, stdout: '' })
    await cluster.up('--commands', 'on')
    const ran = await cluster.tm(['run', '--times', '1', 'echo hello'])
    expect(ran).toMatchObject({ code: 0, stdout: 'hello\n' })
  })

  it('--in-place gives a command the file itself', async ({ box }) => {
    const cluster = await clusterIn(box, 'e2e-run-in-place')
    const [file, gone] = [box.file("it's", 'mine'), join(box.dataDir, 'gone')]
    const args = ['run', '--in-place', 'printf %s {in}; echo more >> {in}', file, gone]
    const ran = await cluster.tm(args)
    expect(ran).toMatchObject({ code: 1, stdout: file })
    expect(ran.stderr).toContain(`${gone}: there is no such file`)
    expect(readFileSync(file, 'utf8')).toBe('minemore\n')

    const others = ['-n', 'a b'].map((name) => box.file(name, ''))
    const list = ['run', '--in-place', '--per-task', '2', "printf '%s\\n' {in}", file, ...others]
    const both = await cluster.tm(list)
    expect(both).toMatchObject({ code: 0, stdout: `${[file, ...others].join('\n')}\n` })
  })
})
