/** Delivers a batch of tasks to the first node that accepts it, and to no second one if possible. */
import { packTasks } from '../../api/new-tasks.ts'
import { isUnreachable, wasRefused } from '../../api/transport.ts'
import { messageOf, TmError } from '../../core/errors.ts'
import type { NewTask } from '../../core/task.ts'
import { retry } from '../../runtime/retry.ts'
import type { NodeLink } from '../../state/cluster-nodes.ts'

export interface Delivery {
  /** Nodes that did not accept their last batch. Updated here. */
  unavailable: Set<NodeLink>
  /** Nodes that take tasks slowly, or not for a while, and said why. Updated here. */
  slow: Set<NodeLink>
  /** Called before anything is sent to this node. */
  onSending: (node: NodeLink) => void
  onWarning: (text: string) => void
}

/** The home node first, then the others; nodes that were unavailable come last. */
export function deliveryOrder(
  nodes: NodeLink[],
  home: number,
  unavailable: Set<NodeLink>,
): NodeLink[] {
  const turned = [...nodes.slice(home), ...nodes.slice(0, home)]
  return [
    ...turned.filter((node) => !unavailable.has(node)),
    ...turned.filter((node) => unavailable.has(node)),
  ]
}

/**
 * A node that is busy with others, or short of room, says so at once. Five minutes: it stores what it has
 * by then.
 */
export const untilThereIsRoom = { retries: 60, backoff: { firstMs: 1000, maxMs: 5000 } }
/** It mostly passes in a moment. */
const silentTries = 2

/**
 * If the answer of a node is lost, it may have accepted the batch: it is asked again a few times before
 * the next node is, so that no task is done twice.
 */
export async function deliver(
  tasks: NewTask[],
  order: NodeLink[],
  delivery: Delivery,
): Promise<void> {
  const send = (left: number) =>
    deliverOnce(tasks, order, {
      ...delivery,
      sayBusy: untilThereIsRoom.retries - left >= silentTries,
    })
  await retry(send, { ...untilThereIsRoom, isPassing: isBusy })
}

async function deliverOnce(
  tasks: NewTask[],
  order: NodeLink[],
  { unavailable, slow, onSending, onWarning, sayBusy }: Delivery & { sayBusy: boolean },
): Promise<void> {
  let last: unknown
  const saySlow = (node: NodeLink, why: string) => {
    if (!slow.has(node)) onWarning(`Warning: ${why}`)
    slow.add(node)
  }
  for (const node of order) {
    onSending(node)
    try {
      const { tasks: outcomes, slow: why } = await sendTo(node, tasks)
      const clash = outcomes.find(({ outcome }) => outcome === 'conflict')
      if (clash) throw new TmError('conflict', `Another task has the id ${clash.id}`)
      unavailable.delete(node)
      if (why !== undefined) saySlow(node, why)
      return
    } catch (error) {
      if (!mayWorkElsewhere(error)) throw error
      last = isBusy(last) ? last : error
      if (isBusy(error)) {
        if (sayBusy) saySlow(node, messageOf(error))
        continue
      }
      if (!unavailable.has(node)) onWarning(`Warning: ${node.id} is left out: ${messageOf(error)}`)
      unavailable.add(node)
    }
  }
  throw last
}

async function sendTo(node: NodeLink, tasks: NewTask[]) {
  const send = () => node.client.enqueueTasks({ body: packTasks(tasks) })
  return await retry(send, {
    retries: 3,
    backoff: { firstMs: 100, maxMs: 1000, factor: 3 },
    isPassing: (error) => isUnreachable(error) && !wasRefused(error),
  })
}

/** Another node may do better: this one does not answer, is draining or busy, or its disk is full. */
function mayWorkElsewhere(error: unknown): boolean {
  const code = error instanceof TmError ? error.code : undefined
  return code !== undefined && ['unreachable', 'unavailable', 'busy', 'storage_full'].includes(code)
}

/** It receives as many large bodies as it has memory for, or its disk is nearly full. */
export function isBusy(error: unknown): boolean {
  return error instanceof TmError && error.code === 'busy'
}
