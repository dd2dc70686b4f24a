/** Waits for an answer that may take half an hour, but only while the node answers something else. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '../../api/client.ts'

export async function whileAlive<T>(
  client: Pick<Client, 'getHealth'>,
  ask: (signal: AbortSignal) => Promise<T>,
  { everyMs = 10_000, timeoutMs = 10_000 } = {},
): Promise<T> {
  const gone = new AbortController()
  const answered = new AbortController()
  const { signal } = answered

  async function watch(): Promise<void> {
    while (!signal.aborted) {
      await client.getHealth({ timeoutMs, retries: 2, signal })
      await sleep(everyMs, undefined, { signal })
    }
  }

  const watching = watch().catch((error) => {
    if (!signal.aborted) gone.abort(error)
  })
  try {
    return await ask(gone.signal)
  } finally {
    answered.abort()
    await watching
  }
}
