/** A node whose machine or folder is gone: what that means, said before it is replaced and after. */
import { type Saved, tm } from './saved.ts'

export interface LostNode {
  id: string
  /** What held its data: an instance or a folder. */
  place: string
}

export function beforeReplacing({ id, place }: LostNode): string {
  return `${id} (${place}) is gone, and what was on its disk only is lost: its tasks that are not done, its results that nobody pulled. Another one takes its place, empty unless --restore says otherwise`
}

/** `restored` are the nodes that begin with a backup. */
export function afterReplacing(saved: Saved, lost: LostNode[], restored: string[]): string[] {
  return lost.map(({ id, place }) => {
    const what = restored.includes(id)
      ? `${id} is new, with what its backup has; what came after that is lost with ${place}`
      : `${id} is new and empty; what was on the disk of ${place} only is lost`
    return `${what}. Enqueue what is missing: ${tm('enqueue --resume …', saved.name)}`
  })
}
