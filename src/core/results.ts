/** Results of several nodes as one list. Used by the command line and by a node that asks siblings. */
import type { Result } from './task.ts'

/**
 * The `top` newest of several lists, newest first. A task that was accepted by two nodes (its
 * client never heard the first one's answer) has one visible result: the earliest.
 */
export function mergeResults(lists: Result[][], top: number): Result[] {
  const byId = new Map<string, Result>()
  for (const result of lists.flat()) {
    const known = byId.get(result.id)
    if (!known || result.completedAt < known.completedAt) byId.set(result.id, result)
  }
  return [...byId.values()]
    .sort((a, b) => b.completedAt - a.completedAt || (a.id < b.id ? 1 : -1))
    .slice(0, top)
}
