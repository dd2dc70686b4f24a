/** A node from its start to the signal: started again when its database was replaced by a backup. */
import type { RunningNode } from '../node/serve.ts'
import { aborted } from './signals.ts'

export async function serveUntil(
  signal: AbortSignal,
  start: () => Promise<RunningNode>,
): Promise<void> {
  while (!signal.aborted) {
    const node = await start()
    await Promise.race([aborted(signal), node.replaced])
    await node.stop()
  }
}
