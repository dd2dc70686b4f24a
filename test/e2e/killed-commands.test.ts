/** `tm down` and `tm pull` that are killed anywhere: run again, they do what they were to do. */

import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { v7 } from 'uuid'
import { describe, expect } from 'vitest'
import type { Result } from '../../src/api/client.ts'
import { isLong } from '../faults/chance.ts'
import { packSha512 } from '../support/sha512-task.ts'
import { giveWay } from './give-way.ts'
import { it, send, until } from './harness.ts'
import { endless, expected } from './work.ts'

/** From before it has read its flags to after the last process has ended, and somewhere in between. */
const count = isLong ? 8 : 2
const moments = Array.from({ length: count }, (_, n) =>
  Math.round(((n + Math.random()) * 1200) / count),
)

describe('killed at any moment', () => {
  it('tm down is completed by another one', { timeout: 400_000 }, async ({ box }) => {
    for (const [round, after] of moments.entries()) {
      const where = `killed after ${moments.slice(0, round + 1).join(', ')} ms`
      const cluster = box.cluster(`e2e-cut-${round}`)
      await cluster.up('--max-workers', '1', '--tick', '100ms')
      const node = cluster.node('node-1')
      await node.enqueueTasks({ body: packSha512([{ id: v7(), ...endless }]) })
      await until('a task runs', async () => (await node.getState()).queue.running === 1)
      await giveWay(cluster)

      const down = cluster.spawn(['down', '--yes'])
      await Promise.race([down.ended, sleep(after)])
      send(down.pid, 'SIGKILL')
      await down.ended

      const { remaining } = await cluster.down()
      expect(remaining, where).toEqual([])
      expect(await cluster.processes(), where).toEqual([])
      expect(existsSync(cluster.folder), where).toBe(false)
    }
    expect(await box.processes()).toEqual([])
  })

  it('tm pull has lost nothing for the next one', { timeout: 120_000 }, async ({ box }) => {
    const cluster = box.cluster('e2e-pulled')
    await cluster.up('--max-workers', '1', '--scale-after', '200ms', '--tick', '100ms')
    const bodies = Array.from({ length: 3000 }, (_, n) => `body ${n}`)
    const files = bodies.map((body, n) => box.file(`f${n}`, body))
    expect((await cluster.tm(['enqueue', '--iterations', '1', '--wait', ...files])).code).toBe(0)

    for (const lines of [0, 1, 1500]) {
      const pull = cluster.spawn(['pull', '--top', '5000'])
      let seen = 0
      await new Promise<void>((resolve) => {
        pull.child.once('close', resolve)
        pull.child.stdout?.on('data', (text: string) => {
          seen += text.split('\n').length - 1
          if (seen >= lines) resolve()
        })
        if (lines === 0) pull.child.once('spawn', () => resolve())
      })
      send(pull.pid, 'SIGKILL')
      await pull.ended
    }
    const { results } = await cluster.json<{ results: Result[] }>(['pull', '--top', '5000'])
    const found = results.map(({ result }) => result).sort()
    expect(found).toEqual(bodies.map((body) => expected(body, 1)).sort())
  })
})
