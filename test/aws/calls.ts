// The log of calls, and the hooks that run before or after a call's effect.

import type { ServiceName } from './answer.ts'
import type { Tree } from './query.ts'

export interface Call {
  /** Counts from 1, in the order of arrival. */
  number: number
  time: Date
  service: ServiceName | undefined
  action: string
  params: { [name: string]: Tree }
  /** ARN of the caller; undefined if the signature was not good. */
  who?: string
  /** Where it came from: a loopback or a namespace's address. */
  from: string | undefined
  /** `ok`, an error's code, or `cut`; undefined while the call is under way. */
  outcome?: string
  status?: number
}

export type When = 'before' | 'after'
export type Hook = (call: Call) => void | Promise<void>

export interface Hooks {
  /** The hook runs for every call of the action (or all, with `*`) until it is removed. */
  add(action: string, hook: Hook, when: When): () => void
  run(call: Call, when: When): Promise<void>
}

export function createHooks(): Hooks {
  const hooks = new Set<{ action: string; hook: Hook; when: When }>()
  return {
    add(action, hook, when) {
      const entry = { action, hook, when }
      hooks.add(entry)
      return () => void hooks.delete(entry)
    },
    async run(call, when) {
      for (const entry of [...hooks]) {
        if (entry.when !== when) continue
        if (entry.action === '*' || entry.action === call.action) await entry.hook(call)
      }
    },
  }
}
