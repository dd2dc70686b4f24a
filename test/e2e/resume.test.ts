/** `tm enqueue` killed at any moment, again and again: with --resume it ends with one task a file. */
import { describe, expect } from 'vitest'
import { it, until } from './harness.ts'

const count = 3000

describe('tm enqueue', () => {
  it('killed at any moment, goes on', { timeout: 120_000 }, async ({ box }) => {
    const cluster = box.cluster('resumed')
    await cluster.up('--max-workers', '0')
    const files = Array.from({ length: count }, (_, n) => box.file(`f${n}`, `file ${n}`))
    const queued = async () => {
      const states = await Promise.all(
        ['node-1', 'node-2'].map((id) => cluster.node(id).getState()),
      )
      return states.reduce((sum, { queue }) => sum + queue.queued, 0)
    }
    const argv = ['enqueue', '--iterations', '1', '--resume', ...files]
    // Each is killed when it has got a bit further, in the middle of what comes next.
    for (const further of [1, 400, 1200, 2500]) {
      const running = cluster.spawn(argv)
      await until(`${further} tasks`, async () => (await queued()) >= further, { every: 1 })
      running.child.kill('SIGKILL')
      await running.ended
    }
    const last = await cluster.tm(argv)
    expect(last.code).toBe(0)
    expect(new Set(last.stdout.trim().split('\n')).size).toBe(count)
    expect(await queued()).toBe(count)
  })
})
