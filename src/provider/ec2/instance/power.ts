/** Powers this machine off, which terminates the instance. */
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { ownedFile } from '../boot/start.ts'

const run = promisify(execFile)

export async function powerOff(): Promise<void> {
  await run('shutdown', ['-P', 'now'])
}

/** Cancels the shutdown that the boot script scheduled: the machine has an owner or a node. */
export async function callOffShutdown(): Promise<void> {
  writeFileSync(ownedFile, '')
  await run('shutdown', ['-c'])
}

/**
 * `--ttl`: powers off at this wall-clock time. Checks it every few seconds, because clocks are adjusted
 * and the time may change. Keeps trying if the system refuses.
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
