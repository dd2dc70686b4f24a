/** Ends this machine for good: its shutdown terminates it. */
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { ownedFile } from './boot/start.ts'

const run = promisify(execFile)

export async function powerOff(): Promise<void> {
  await run('shutdown', ['-P', 'now'])
}

/** It has an owner, or a node: the shutdown that its boot script ordered is called off. */
export async function callOffShutdown(): Promise<void> {
  writeFileSync(ownedFile, '')
  await run('shutdown', ['-c'])
}

/**
 * `--ttl`: powers off at this wall-clock time, looked at every few seconds: clocks are set, and it may
 * change. Does not give up when the system refuses once.
 */
export async function powerOffAt(
  endsAt: () => number | undefined,
  signal: AbortSignal,
): Promise<void> {
  let refused: unknown
  while (!signal.aborted) {
    if (Date.now() >= (endsAt() ?? Number.POSITIVE_INFINITY)) {
      await powerOff().catch((error) => {
        refused = error
      })
    }
    await sleep(5000, undefined, { signal }).catch(() => {})
  }
  if (refused) throw refused
}
