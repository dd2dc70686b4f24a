/** `tm enqueue --resume`: what was sent before by a command that was interrupted is not sent again. */
import { TmError } from '../../core/errors.ts'
import { askAll, type NodeLink } from '../nodes.ts'
import { type Saved, tm } from '../saved.ts'
import { sentFiles } from './file-names.ts'

export interface Earlier {
  /** The newest task that was sent for this work, and to which node; each task once. */
  take(key: string): { id: string; node: string } | undefined
  /** Which of these tasks a node has. Throws where a node can't be asked: it may have them. */
  known(ids: string[]): Promise<Set<string>>
  /** How many tasks were found. */
  count(): number
}

export function earlierTasks(saved: Saved, nodes: NodeLink[]): Earlier {
  const byKey = new Map<string, { id: string; node: string }[]>()
  const seen = new Set<string>()
  for (const { id, key, node } of sentFiles(saved)) {
    // The newest line of a task says where it was sent last.
    if (seen.has(id)) continue
    seen.add(id)
    const same = byKey.get(key)
    if (same) same.push({ id, node })
    else byKey.set(key, [{ id, node }])
  }
  let found = 0
  return {
    take: (key) => byKey.get(key)?.shift(),
    async known(ids) {
      const old = ids.filter((id) => seen.has(id))
      if (old.length === 0) return new Set()
      const asked = await askAll(nodes, ({ client }) => client.lookup(old, { retries: 2 }))
      const silent = asked.find((one) => !one.ok)
      if (silent && !silent.ok) throw notKnown(saved, silent.node.id, silent.why)
      const known = asked.flatMap((one) => (one.ok ? one.value.map(({ id }) => id) : []))
      found += new Set(known).size
      return new Set(known)
    },
    count: () => found,
  }
}

export function notKnown(saved: Saved, node: string, why: string): TmError {
  const message = `${node} can't say which of the files it has: ${why}`
  return new TmError('unreachable', message, {
    suggestions: [
      `See what it is: ${tm('health', saved.name)}`,
      'Without --resume all files are enqueued, those that it has once more',
    ],
  })
}
