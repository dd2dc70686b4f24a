/** `tm enqueue --resume`: skips what an earlier, interrupted command has sent. */
import { TmError } from '../../core/errors.ts'
import { suggest, tm } from '../../core/suggestions.ts'
import { askAll, type NodeLink } from '../../state/cluster-nodes.ts'
import type { ClusterState } from '../../state/cluster-state.ts'
import { sentFiles } from '../../state/file-names.ts'

export interface Earlier {
  /** The newest task sent for this work, and its node. Returns each task once. */
  take(key: string): { id: string; node: string } | undefined
  /** The tasks among these that a node has. Throws if a node does not answer: it may have them. */
  known(ids: string[]): Promise<Set<string>>
  /** How many tasks were found on the nodes. */
  count(): number
}

export function earlierTasks(state: ClusterState, nodes: NodeLink[]): Earlier {
  const byKey = new Map<string, { id: string; node: string }[]>()
  const sent = new Set<string>()
  for (const { id, key, node } of sentFiles(state)) {
    // The newest line of a task names the node it was sent to last.
    if (sent.has(id)) continue
    sent.add(id)
    const same = byKey.get(key)
    if (same) same.push({ id, node })
    else byKey.set(key, [{ id, node }])
  }
  let found = 0
  return {
    take: (key) => byKey.get(key)?.shift(),
    async known(ids) {
      const sentBefore = ids.filter((id) => sent.has(id))
      if (sentBefore.length === 0) return new Set()
      const asked = await askAll(
        nodes,
        async ({ client }) =>
          (await client.lookupTasks({ json: { ids: sentBefore }, retries: 2 })).tasks,
      )
      const failed = asked.find((one) => !one.ok)
      if (failed && !failed.ok) throw notKnown(failed.node.id, failed.why)
      const known = asked.flatMap((one) => (one.ok ? one.value.map(({ id }) => id) : []))
      found += new Set(known).size
      return new Set(known)
    },
    count: () => found,
  }
}

export function notKnown(node: string, why: string): TmError {
  const message = `${node} can't say which of the files it has: ${why}`
  return new TmError('unreachable', message, {
    suggestions: [
      suggest`See what is wrong: ${tm('health')}`,
      'Or leave out --resume: files that it already has are then enqueued again',
    ],
  })
}
