/** What a command needs of its worker: what runs side by side, and what is refused. */
import { readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import type { RunResult } from '../../src/cli/jobs/run.ts'
import { it } from './harness.ts'

const cores = availableParallelism()

/** Writes when it begins and ends, and lasts long enough to overlap with others. */
const logged = (file: string) => `echo + >> ${file}; sleep 0.4; echo - >> ${file}`

/** The most commands that ran at the same time. */
function mostAtOnce(file: string): number {
  let now = 0
  const all = readFileSync(file, 'utf8').trim().split('\n')
  return Math.max(...all.map((sign) => (now += sign === '+' ? 1 : -1)))
}

describe('what a command needs', () => {
  it('decides how many run side by side on a worker, and what is refused', {
    timeout: 180_000,
  }, async ({ box }) => {
    const cluster = box.cluster('e2e-needs')
    await cluster.up('--nodes', '1', '--max-workers', '1', '--tick', '50ms')
    const run = async (name: string, ...flags: string[]) => {
      const file = join(box.dataDir, name)
      writeFileSync(file, '')
      const args = ['run', '--array', `1-${2 * cores}`, logged(file), ...flags]
      expect(await cluster.json<RunResult>(args)).toMatchObject({ failed: [] })
      return mostAtOnce(file)
    }
    // Its only worker has the whole machine.
    expect(await run('small')).toBe(cores)
    expect(await run('large', '--cpus', String(cores))).toBe(1)
    const { nodes } = await cluster.health()
    expect(nodes[0]?.workers).toHaveLength(1)

    const shown = await cluster.tm([
      'run',
      '--times',
      '1',
      'echo {cpus} {memory}',
      '--memory',
      '64MiB',
    ])
    expect(shown.stdout).toBe(`1 ${64 * 1024 ** 2}\n`)

    const before = await cluster.json<{ jobs: unknown[] }>(['jobs'])
    for (const [flags, what] of [
      [['--cpus', '1000'], 'a task needs 1,000 cpus, and a worker has'],
      [['--memory', '90000GiB'], 'a task needs 1 cpu, 90000 GiB of memory, and a worker has'],
    ] as const) {
      const refused = await cluster.tm(['run', '--times', '1', 'true', ...flags])
      expect(refused.code).toBe(2)
      expect(refused.stderr).toContain(`No worker can ever run this: ${what}`)
      expect(refused.stderr).toContain('Ask for less')
    }
    expect(await cluster.json(['jobs'])).toEqual(before)
    const wrong = await cluster.tm(['run', 'true', '--memory', 'much'])
    expect(wrong.code).toBe(2)
    expect(wrong.stderr).toContain('--memory must be a size')
  })
})
