/** A node that is gone with its disk: replaced, and nobody is left to believe that nothing was lost. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { it, send } from './harness.ts'

describe('a node whose folder is gone', () => {
  it('is replaced, and what is lost is said', { timeout: 120_000 }, async ({ box }) => {
    const cluster = box.cluster('halved')
    await cluster.up('--max-workers', '0')
    const files = Array.from({ length: 40 }, (_, n) => box.file(`f${n}`, `file ${n}`))
    expect((await cluster.tm(['enqueue', '--iterations', '1', ...files])).code).toBe(0)
    const second = (await cluster.processes('node')).find(({ id }) => id === 'node-2')
    send(second?.pid ?? 0, 'SIGKILL')
    const folder = join(cluster.folder, 'nodes/node-2')
    rmSync(folder, { recursive: true })

    const { code, stderr } = await cluster.tm(['up', '--local'])
    expect(code).toBe(0)
    expect(stderr).toContain(
      `Warning: node-2 (${folder}) is gone, and the data on its disk is lost: `,
    )
    expect(stderr).toContain('node-2 was replaced and is empty; ')
    // No worker may run here, which health calls a problem.
    const queued = async () =>
      (await cluster.health(1)).nodes.reduce((sum, { queue }) => sum + (queue?.queued ?? 0), 0)
    const left = await queued()
    expect(left).toBeGreaterThan(0)
    expect(left).toBeLessThan(40)
    // Its settings are those of the other one.
    const limits = (await cluster.health(1)).nodes.map(({ limit }) => limit?.own)
    expect(limits).toEqual([0, 0])
    expect((await cluster.tm(['enqueue', '--iterations', '1', '--resume', ...files])).code).toBe(0)
    expect(await queued()).toBe(40)
    // It is lost once, not at every start.
    expect((await cluster.tm(['up', '--local'])).stderr).not.toContain('lost')
  })
})
