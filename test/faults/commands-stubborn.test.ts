/** Many commands at once that ignore SIGTERM, each with a process that has left its group. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { startSpawner } from '../../src/worker/runners/command/spawner-process.ts'
import { until } from '../e2e/harness.ts'
import { processesWith } from '../e2e/leftovers.ts'
import { isLong } from './chance.ts'

const count = isLong ? 1000 : 200
const grace = 1000
const line = `trap '' TERM; setsid sh -c 'trap "" TERM; sleep 7701; true' & sleep 7702; sleep 7703`

it('all end within the grace time and a moment', { timeout: 180_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tm-stubborn-'))
  const spawner = startSpawner()
  const running = async () =>
    (await processesWith(folder)).filter(({ command }) => /^sleep 770/.test(command)).length
  try {
    const stopping = new AbortController()
    const all = Array.from({ length: count }, (_, n) =>
      spawner.run(
        {
          argv: ['/bin/sh', '-c', line],
          env: { PATH: process.env.PATH ?? '', FOLDER: folder },
          tag: `stubborn-${process.pid}-${n}`,
          cwd: folder,
          stdout: join(folder, `${n}.out`),
          stderr: join(folder, `${n}.err`),
          limits: { stdout: 1e6, stderr: 1e6 },
          cpus: 1,
          memory: 0,
          grace,
        },
        stopping.signal,
      ),
    )
    await until('all run', async () => (await running()) === 2 * count)
    const began = performance.now()
    stopping.abort()
    const ended = await Promise.all(all)
    const afterMs = Math.round(performance.now() - began - grace)
    expect(await running()).toBe(0)
    expect(ended.every(({ signal }) => signal === 'SIGKILL')).toBe(true)
    process.stderr.write(`${count} stubborn commands were gone ${afterMs} ms after their grace\n`)
    expect(afterMs).toBeLessThan(10_000)
  } finally {
    await spawner.close()
    rmSync(folder, { recursive: true })
  }
})
