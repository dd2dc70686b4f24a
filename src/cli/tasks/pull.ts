/** The newest results over all nodes, page by page, and noting that they have been handed back. */
import { newestResults } from '../../client/newest.ts'
import { messageOf } from '../../core/errors.ts'
import type { Result } from '../../core/task.ts'
import { askAll, type NodeLink } from '../nodes.ts'
import type { Saved } from '../saved.ts'
import { fileNames } from './file-names.ts'

export interface PullOptions {
  saved: Saved
  nodes: NodeLink[]
  top: number
  /** Prints one page; what it has printed is noted as pulled. */
  show: (page: Result[], names: Map<string, string>) => void
  onWarning: (text: string) => void
}

/** How many nodes gave nothing. */
export async function pullResults(options: PullOptions): Promise<{ missing: number }> {
  const { saved, nodes, top, show, onWarning } = options
  const names = fileNames(saved)
  let missing = 0
  const onMissing = (source: number, error: unknown, partly: boolean) => {
    if (!partly) missing += 1
    const what = partly ? 'the older results of NODE are' : 'NODE is'
    onWarning(
      `Warning: ${what.replace('NODE', nodes[source]?.id ?? '')} left out: ${messageOf(error)}`,
    )
  }
  const sources = nodes.map(({ client }) => client)
  let noted = Promise.resolve()
  for await (const page of newestResults(sources, { top, onMissing })) {
    const ids = page.map(({ id }) => id)
    show(page, names.recall(ids))
    await noted
    noted = markPulled(nodes, ids)
  }
  await noted
  return { missing }
}

/** Best effort: a node that does not hear it will only say "never pulled" once too often. */
export async function markPulled(nodes: NodeLink[], ids: string[]): Promise<void> {
  await askAll(nodes, ({ client }) => client.markPulled(ids, { timeout: 5000 }))
}
