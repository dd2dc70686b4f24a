/** The newest results over all nodes, and noting that they have been handed back. */
import { mergeResults } from '../../core/results.ts'
import type { Result } from '../../core/task.ts'
import { answered, askAll, type NodeLink } from '../nodes.ts'

/** Results in one request. */
const pageSize = 1000

export async function pullResults(
  nodes: NodeLink[],
  top: number,
  onMissing: (text: string) => void,
): Promise<Result[]> {
  const asked = await askAll(nodes, (node) => newest(node, top))
  return mergeResults(answered(asked, onMissing), top)
}

async function newest({ client }: NodeLink, top: number): Promise<Result[]> {
  const results: Result[] = []
  let cursor: number | undefined
  do {
    const limit = Math.min(pageSize, top - results.length)
    const page = await client.results(cursor === undefined ? { limit } : { limit, cursor })
    results.push(...page.results)
    cursor = page.next
  } while (cursor !== undefined && results.length < top)
  return results
}

/** Best effort: a node that does not hear it will only say "never pulled" once too often. */
export async function markPulled(nodes: NodeLink[], ids: string[]): Promise<void> {
  await askAll(nodes, ({ client }) => client.markPulled(ids, { timeout: 5000 }))
}
