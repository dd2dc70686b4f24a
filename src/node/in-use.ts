/** Whether anybody needs a node: who does not wants it to end some day, as machines on EC2 do. */
import type { StoreStats } from './store/task-store.ts'

const lookEveryMs = 10_000

export interface InUseOptions {
  stats: () => Promise<Pick<StoreStats, 'queued' | 'running' | 'unpulled'>>
  /** Steady milliseconds. */
  now: () => number
  /** At each sign of use. `holds`: tasks, or results that nobody has pulled. */
  onUse: (holds: boolean) => void
}

export function createInUse({ stats, now, onUse }: InUseOptions) {
  // Until it has looked, there may be something.
  let holds = true
  let lookedAt: number | undefined

  return {
    /** An administrator has asked. */
    asked: (): void => onUse(holds),

    async tick(): Promise<void> {
      if (lookedAt !== undefined && now() - lookedAt < lookEveryMs) return
      const { queued, running, unpulled } = await stats()
      const held = holds
      holds = queued + running + unpulled > 0
      // Also once when it holds nothing any more: a sign that it did would count for longer.
      if (holds || held) onUse(holds)
      lookedAt = now()
    },
  }
}
