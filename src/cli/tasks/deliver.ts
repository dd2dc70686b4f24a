/** Getting a batch to a node: to the first one that takes it, and to one only if it can be. */
import { setTimeout as sleep } from 'node:timers/promises'
import { wasRefused } from '../../client/transport.ts'
import { messageOf, TmError } from '../../core/errors.ts'
import type { NewTask } from '../../core/task.ts'
import type { NodeLink } from '../nodes.ts'

/** Pauses between tries of one node, in milliseconds, before its batch goes to another one. */
const pauses = [100, 300, 1000]

export interface Delivery {
  /** Nodes that did not take the last batch; kept up to date. */
  away: Set<NodeLink>
  /** Called before anything is sent to this node. */
  onSending: (node: NodeLink) => void
  onWarning: (text: string) => void
}

/** The home node first, then the others; those that were away last. */
export function inOrder(nodes: NodeLink[], home: number, away: Set<NodeLink>): NodeLink[] {
  const turned = [...nodes.slice(home), ...nodes.slice(0, home)]
  return [...turned.filter((node) => !away.has(node)), ...turned.filter((node) => away.has(node))]
}

/**
 * To the first node that takes it. A node that may have taken it, but whose answer was lost, is
 * asked again a few times before another one is: that is what keeps a task from being done twice.
 */
export async function deliver(
  tasks: NewTask[],
  order: NodeLink[],
  { away, onSending, onWarning }: Delivery,
): Promise<void> {
  let last: unknown
  for (const node of order) {
    onSending(node)
    try {
      const outcomes = await send(tasks, node)
      const clash = outcomes.find(({ outcome }) => outcome === 'conflict')
      if (clash) throw new TmError('conflict', `Another task has the id ${clash.id}`)
      away.delete(node)
      return
    } catch (error) {
      if (!isElsewhere(error)) throw error
      last = error
      if (!away.has(node)) onWarning(`Warning: ${node.id} is left out: ${messageOf(error)}`)
      away.add(node)
    }
  }
  throw last
}

async function send(tasks: NewTask[], node: NodeLink) {
  for (const pause of [...pauses, undefined]) {
    try {
      return await node.client.enqueueMany(tasks)
    } catch (error) {
      const lost = error instanceof TmError && error.code === 'unreachable' && !wasRefused(error)
      if (!lost || pause === undefined) throw error
      await sleep(pause)
    }
  }
  throw new Error('not reached')
}

/** What another node may not have: no answer, draining, a full disk. */
function isElsewhere(error: unknown): boolean {
  const code = error instanceof TmError ? error.code : undefined
  return code !== undefined && ['unreachable', 'unavailable', 'storage_full'].includes(code)
}
