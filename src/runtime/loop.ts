/** Calls `tick` until stopped. `everyMs` gives the pause after each call. */
import { setTimeout as sleep } from 'node:timers/promises'

export interface Loop {
  /** Starts no more ticks. Resolves when the running tick has ended. */
  stop(): Promise<void>
}

export function startLoop(
  tick: () => Promise<void>,
  options: { everyMs: () => number; onError: (error: unknown) => void },
): Loop {
  const stopping = new AbortController()
  const { signal } = stopping

  async function run(): Promise<void> {
    while (!signal.aborted) {
      await tick().catch(options.onError)
      await sleep(options.everyMs(), undefined, { signal }).catch(() => {})
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
