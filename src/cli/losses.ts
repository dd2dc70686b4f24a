/** What is lost with a cluster that goes: asked of its nodes, said in words, and confirmed. */
import { TmError } from '../core/errors.ts'
import { askAll, type NodeLink } from './nodes.ts'
import { counted } from './progress.ts'

export interface Losing {
  nodes: NodeLink[]
  /** Nodes that can't be asked. */
  unknown: string[]
  /** Why they can't, where it is not that they do not answer. */
  why?: string
  /** Asks before anything that was not handed back is removed; false stops. */
  confirm: (loss: string) => Promise<boolean>
  /** What to do in place of it. */
  suggestions: string[]
}

/** Throws where the answer is no; asks nobody when there is nothing to lose. */
export async function confirmLoss(losing: Losing): Promise<void> {
  const { nodes, unknown, why = 'which did not answer', confirm, suggestions } = losing
  const asked = await askAll(nodes, (node) => node.client.state({ timeout: 3000 }))
  let unpulled = 0
  let undone = 0
  const silent = [...unknown]
  for (const one of asked) {
    if (!one.ok) silent.push(one.node.id)
    else {
      unpulled += one.value.queue.unpulled
      undone += one.value.queue.queued + one.value.queue.running
    }
  }
  const losses = [
    unpulled > 0 ? `${counted(unpulled, 'result')} never pulled` : '',
    undone > 0 ? `${counted(undone, 'task')} not done` : '',
    silent.length > 0 ? `whatever is on ${silent.join(' and ')}, ${why}` : '',
  ].filter((loss) => loss !== '')
  if (losses.length === 0) return
  if (await confirm(losses.join(', '))) return
  throw new TmError('failed', `Nothing was removed: ${losses.join(', ')}`, { suggestions })
}
