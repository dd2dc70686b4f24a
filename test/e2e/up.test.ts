/** `tm up` that is killed anywhere, run again, and what it leaves for `tm down`. */
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect } from 'vitest'
import { isLong } from '../faults/chance.ts'
import { type Cluster, it, send } from './harness.ts'

/** Ends an `up` after this many milliseconds, if it is not done by then. */
async function killUp(cluster: Cluster, after: number, signal: NodeJS.Signals): Promise<void> {
  const up = cluster.spawn(['up', '--local'])
  await Promise.race([up.ended, sleep(after)])
  send(up.pid, signal)
  await up.ended
}

/** From before it has read its flags to after both nodes are there, and somewhere in between. */
const count = isLong ? 8 : 2
const moments = Array.from({ length: count }, (_, n) =>
  Math.round(((n + Math.random()) * 1400) / count),
)

describe('tm up', () => {
  it('killed at any moment, converges', { timeout: 400_000 }, async ({ box }) => {
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
      if (existsSync(cluster.folder)) {
        const { remaining } = await cluster.down()
        expect(remaining, where).toEqual([])
      } else {
        // It never came to be: to `tm down` its name is a mistake.
        expect((await cluster.tm(['down', '--yes'])).code, where).toBe(1)
      }
      expect(await cluster.processes(), where).toEqual([])
      expect(existsSync(cluster.folder), where).toBe(false)
    }
    expect(await box.processes()).toEqual([])
  })
})
