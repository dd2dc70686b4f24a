/** Two nodes that lend each other places, over wires that a test can cut. */

import { v7 } from 'uuid'
import { expect } from 'vitest'
import type { NodeState } from '../../src/api/client.ts'
import { countWorkers } from '../e2e/count-workers.ts'
import { giveWay } from '../e2e/give-way.ts'
import { type Box, type Cluster, until } from '../e2e/harness.ts'
import { endless } from '../e2e/work.ts'
import { packSha512 } from '../support/sha512-task.ts'
import { openWire } from './proxy.ts'
import { type ServingNode, serve } from './serve.ts'

/** Of each node: one place, and loans that lapse in seconds. */
const limits = ['--max-workers', '1', '--loan', '6s', '--lease', '3s']
const timings = ['--tick', '100ms', '--idle-timeout', '500ms', '--scale-after', '200ms']

export type TwoNodes = Awaited<ReturnType<typeof startTwo>>

export async function startTwo(box: Box, name: string) {
  const cluster = box.cluster(name)
  const start = (id: string) => serve(box, cluster, id, ...limits, ...timings)
  const nodes: Record<'a' | 'b', ServingNode> = {
    a: await start('node-1'),
    b: await start('node-2'),
  }
  const wires = { toA: await openWire(nodes.a.url), toB: await openWire(nodes.b.url) }
  await nodes.a.client.setSiblings({ json: { siblings: [{ id: 'node-2', url: wires.toB.url }] } })
  await nodes.b.client.setSiblings({ json: { siblings: [{ id: 'node-1', url: wires.toA.url }] } })
  const counter = countWorkers(cluster)
  return {
    cluster,
    nodes,
    cut(): void {
      for (const wire of Object.values(wires)) wire.cut()
    },
    mend(): void {
      for (const wire of Object.values(wires)) wire.mend()
    },
    /** On what it left; it keeps its address. */
    async startAgain(which: 'a' | 'b'): Promise<void> {
      const before = nodes[which]
      nodes[which] = await start(before.id)
      expect(nodes[which].url).toBe(before.url)
    },
    /** Gives the most workers that there ever were at a time. */
    async stop(): Promise<number> {
      for (const wire of Object.values(wires)) wire.close()
      return await counter.stop()
    },
  }
}

export async function enqueue({ client }: ServingNode, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, () => v7())
  for (const id of ids) await client.enqueueTasks({ body: packSha512([{ id, ...endless }]) })
  return ids
}

export async function cancel({ client }: ServingNode, ids: string[]): Promise<void> {
  for (const id of ids) await client.cancelTask({ params: { id } })
}

export async function untilState(
  what: string,
  { client, id }: ServingNode,
  holds: (state: NodeState) => boolean,
): Promise<NodeState> {
  return await until(`${id}: ${what}`, async () => {
    const state = await client.getState()
    return holds(state) && state
  })
}

/** The first node works with two workers, one of them in the place of the second. */
export async function borrow({ cluster, nodes: { a, b } }: TwoNodes): Promise<string[]> {
  const ids = await enqueue(a, 3)
  await untilState('two workers at work', a, ({ queue, limit }) => {
    return queue.running === 2 && limit.borrowed === 1
  })
  await untilState('a place is lent', b, ({ limit }) => limit.lent === 1)
  await giveWay(cluster)
  return ids
}

/** Both have their own places, and nobody else's. */
export async function untilEven({ nodes: { a, b } }: TwoNodes): Promise<void> {
  for (const node of [a, b]) {
    await untilState('its own place again', node, ({ limit }) => {
      return limit.own === 1 && limit.borrowed === 0 && limit.lent === 0
    })
  }
}

export async function workersOf(cluster: Cluster): Promise<string[]> {
  return (await cluster.processes('worker')).map(({ id }) => id.slice(0, 6)).sort()
}
