/** Finds out what is lost when a cluster is removed, and asks the user to confirm the loss. */
import { TmError } from '../../core/errors.ts'
import { type Suggestion, suggest, tm } from '../../core/suggestions.ts'
import { pluralize } from '../../core/text.ts'
import type { FoundCluster } from '../../provider/cluster.ts'
import { askAll } from '../../state/cluster-nodes.ts'
import { maxTop } from '../tasks/pull.ts'

/** Throws if the user declines. Does not ask if nothing would be lost. */
export async function confirmLoss(
  { nodes, unknown, why = 'which did not answer', suggestions }: FoundCluster,
  confirm: (loss: string) => Promise<boolean>,
): Promise<void> {
  const asked = await askAll(nodes, (node) => node.client.getState({ timeoutMs: 3000 }))
  let unpulled = 0
  let results = 0
  let undone = 0
  const unreachable = [...unknown]
  for (const one of asked) {
    if (!one.ok) unreachable.push(one.node.id)
    else {
      unpulled += one.value.queue.unpulled
      results += one.value.queue.succeeded
      undone += one.value.queue.queued + one.value.queue.running
    }
  }
  const losses = [
    unpulled > 0 ? `${pluralize(unpulled, 'result')} never pulled` : '',
    undone > 0 ? `${pluralize(undone, 'task')} not done` : '',
    unreachable.length > 0 ? `whatever is on ${unreachable.join(' and ')}, ${why}` : '',
  ].filter((loss) => loss !== '')
  if (losses.length === 0) return
  if (await confirm(losses.join(', '))) return
  const fetch = unpulled > 0 ? [pullAll(results)] : []
  throw new TmError('failed', `Nothing was removed: ${losses.join(', ')}`, {
    suggestions: [...fetch, ...suggestions],
  })
}

/** Pulling takes the newest: what was never pulled may be older than what was. */
export function pullAll(results = maxTop): Suggestion {
  const top = String(Math.min(results, maxTop))
  return suggest`Fetch the results first: ${tm('pull', { top }, '> results.tsv')}`
}
