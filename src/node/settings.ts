/** The node's settings: what it was started with, then whatever was changed while it ran. */
import { type Settings, withDefaults } from '../core/settings.ts'
import type { Store } from './store/store.ts'

export type LiveSettings = Awaited<ReturnType<typeof loadSettings>>

/** Values given at the start win over those on disk, and both over the defaults. */
export async function loadSettings(store: Pick<Store, 'load' | 'save'>, given: Partial<Settings>) {
  const saved = ((await store.load('settings')) ?? {}) as Partial<Settings>
  let changes: Partial<Settings> = { ...saved, ...given }
  let current = withDefaults(changes)

  return {
    get: (): Settings => current,
    /** Answers when they are on disk; they hold from now on, without a restart. */
    async change(next: Partial<Settings>): Promise<Settings> {
      const merged = { ...changes, ...next }
      await store.save('settings', merged)
      changes = merged
      current = withDefaults(merged)
      return current
    },
  }
}
