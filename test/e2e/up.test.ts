/** `tm up` that is killed anywhere, run again, and what it leaves for `tm down`. */
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect } from 'vitest'
import { type Cluster, it, send } from './harness.ts'

/** Ends an `up` after this many milliseconds, if it is not done by then. */
async function killUp(cluster: Cluster, after: number, signal: NodeJS.Signals): Promise<void> {
  const up = cluster.spawn(['up', '--local'])
  await Promise.race([up.ended, sleep(after)])
  send(up.pid, signal)
  await up.ended
}

/** From before it has read its flags to after both nodes are there, and somewhere in between. */
const moments = Array.from({ length: 4 }, (_, n) => Math.round((n + Math.random()) * 350))

describe('tm up', () => {
  it('killed at any moment, converges', { timeout: 180_000 }, async ({ box }) => {
    for (const [round, after] of moments.entries()) {
      const cluster = box.cluster(`e2e-up-${round}`)
      const where = `killed after ${moments.slice(0, round + 1).join(', ')} ms`
      await killUp(cluster, after, round % 2 === 0 ? 'SIGKILL' : 'SIGINT')
      await killUp(cluster, after, round % 2 === 0 ? 'SIGINT' : 'SIGKILL')
      if (round % 2 === 0) {
        const { nodes } = await cluster.up()
        const health = await cluster.health()
        expect(health.healthy, where).toBe(true)
        expect(health.nodes.map(({ id, pid }) => ({ id, pid }))).toEqual(
          nodes.map(({ id, pid }) => ({ id, pid })),
        )
        const running = await cluster.processes()
        expect(running.map(({ pid }) => pid).sort(), where).toEqual(
          nodes.map(({ pid }) => pid).sort(),
        )
        expect(nodes.map(({ id }) => id)).toEqual(['node-1', 'node-2'])
      }
      const { remaining } = await cluster.down()
      expect(remaining, where).toEqual([])
      expect(await cluster.processes(), where).toEqual([])
      expect(existsSync(cluster.folder), where).toBe(false)
    }
    expect(await box.processes()).toEqual([])
  })
})
