/** Calls a duty's `tick` again and again; the time between two calls is asked for each time. */
import { setTimeout as sleep } from 'node:timers/promises'

export interface Loop {
  /** Resolves when the tick under way, if any, has ended; none follows. */
  stop(): Promise<void>
}

export function startLoop(
  tick: () => Promise<void>,
  options: { every: () => number; onError: (error: unknown) => void },
): Loop {
  const stopping = new AbortController()
  const { signal } = stopping

  async function run(): Promise<void> {
    while (!signal.aborted) {
      await tick().catch(options.onError)
      await sleep(options.every(), undefined, { signal }).catch(() => {})
    }
  }

  const running = run()
  return {
    async stop() {
      stopping.abort()
      await running
    },
  }
}
