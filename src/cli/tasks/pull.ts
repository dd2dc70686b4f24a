/** Pulls the newest results of all nodes, page by page, and marks them as pulled. */
import type { Result } from '../../api/client.ts'
import { markPulled as markPulledAt, newestResults, resultsOf } from '../../api/newest-results.ts'
import { messageOf } from '../../core/errors.ts'
import { askAll, type NodeLink } from '../../state/cluster-nodes.ts'
import type { ClusterState } from '../../state/cluster-state.ts'
import { fileNames } from '../../state/file-names.ts'

/** The largest `--top`. */
export const maxTop = 1_000_000

export interface PullOptions {
  state: ClusterState
  nodes: NodeLink[]
  top: number
  /** Prints one page; how many of its results were written whole. Only those are marked as pulled. */
  show: (page: Result[], names: Map<string, string>) => Promise<number>
  onWarning: (text: string) => void
}

export interface Pulled {
  /** How many nodes gave no results, or not all of theirs. */
  failedNodes: number
  /** Results that were given to `show`, and those that it has shown. */
  found: number
  shown: number
}

export async function pullResults(options: PullOptions): Promise<Pulled> {
  const { state, nodes, top, show, onWarning } = options
  const names = fileNames(state)
  const pulled: Pulled = { failedNodes: 0, found: 0, shown: 0 }
  const onMissing = (source: number, error: unknown, partly: boolean) => {
    pulled.failedNodes += 1
    const node = nodes[source]?.id
    const what = partly ? `the older results of ${node} are` : `${node} is`
    onWarning(`Warning: ${what} left out: ${messageOf(error)}`)
  }
  const sources = nodes.map(({ client }) => resultsOf(client))
  let marked = Promise.resolve()
  for await (const page of newestResults(sources, { top, onMissing })) {
    const ids = page.map(({ id }) => id)
    const shown = await show(page, names.recall(ids))
    pulled.found += page.length
    pulled.shown += shown
    await marked
    marked = markPulled(nodes, ids.slice(0, shown))
    if (shown < page.length) break
  }
  await marked
  return pulled
}

/** Best effort: a node that this does not reach only counts a result as never pulled. */
export async function markPulled(nodes: NodeLink[], ids: string[]): Promise<void> {
  await askAll(nodes, ({ client }) => markPulledAt(client, ids, { timeoutMs: 5000 }))
}
