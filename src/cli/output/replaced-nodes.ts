/** The messages about a node whose machine or folder is gone, before and after it is replaced. */
import { renderCommand, tm } from '../../core/suggestions.ts'
import type { LostNode } from '../../provider/cluster.ts'

export function beforeReplacing({ id, place }: LostNode): string {
  return `${id} (${place}) is gone, and the data on its disk is lost: unfinished tasks and results that nobody pulled. A new node replaces it, empty unless --restore gives it a backup`
}

/** `restored`: nodes that start with a backup. */
export function afterReplacing(cluster: string, lost: LostNode[], restored: string[]): string[] {
  const enqueue = renderCommand(tm('enqueue', { resume: true }, '…'), { cluster })
  return lost.map(({ id, place }) => {
    const what = restored.includes(id)
      ? `${id} was replaced and restored from its backup; everything newer is lost with ${place}`
      : `${id} was replaced and is empty; the data on the disk of ${place} is lost`
    return `${what}. Enqueue what is missing: ${enqueue}`
  })
}
