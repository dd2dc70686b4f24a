/** The node's settings: those it was started with, and changes made while it ran. */
import { type Computer, localDefaults, refuseOverload } from '../core/one-computer.ts'
import { type Settings, withDefaults } from '../core/settings.ts'
import type { NodeDocuments } from './store/node-documents.ts'

export type LiveSettings = Awaited<ReturnType<typeof loadSettings>>

/**
 * Values given at the start override those on disk; both override the defaults. `computer`: undefined
 * if workers have machines of their own. What an older tm accepted and saved stays.
 */
export async function loadSettings(
  documents: NodeDocuments,
  given: Partial<Settings>,
  computer?: Computer,
) {
  const defaults = computer ? localDefaults(computer) : {}
  const complete = (changes: Partial<Settings>) => withDefaults({ ...defaults, ...changes })
  const saved = ((await documents.load('settings')) ?? {}) as Partial<Settings>
  let changes: Partial<Settings> = { ...saved, ...given }
  let current = complete(changes)
  if (computer && changesLoad(given)) refuseOverload(current, computer)

  return {
    get: (): Settings => current,
    /** Resolves when the changes are on disk. They take effect at once. */
    async change(next: Partial<Settings>): Promise<Settings> {
      const merged = { ...changes, ...next }
      if (computer && changesLoad(next)) refuseOverload(complete(merged), computer)
      await documents.save('settings', merged)
      changes = merged
      current = complete(merged)
      return current
    },
  }
}

function changesLoad({ maxWorkers, slots }: Partial<Settings>): boolean {
  return maxWorkers !== undefined || slots !== undefined
}
