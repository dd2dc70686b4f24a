/** Powers this machine off, which terminates the instance; and timers of its system that do so without us. */
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { ownedFile } from '../boot/start.ts'

type Run = (command: string, args: string[]) => Promise<unknown>

const run: Run = promisify(execFile)

export async function powerOff(): Promise<void> {
  await run('shutdown', ['-P', 'now'])
}

/** A system that shuts down takes no longer. */
const shutdownMs = 120_000
const forceMs = 10_000

/**
 * Powers off, whatever it takes: first as usual, then without asking the services, then by the kernel
 * (kernel.org, sysrq). Resolves only if the signal is aborted: the system is on its way down.
 */
export async function powerOffForSure(
  signal: AbortSignal,
  how: { run?: Run; sysrq?: (letter: string) => void; waitMs?: number } = {},
): Promise<void> {
  const { run: start = run, sysrq = writeSysrq, waitMs = shutdownMs } = how
  const steps = [
    () => start('shutdown', ['-P', 'now']),
    () => start('systemctl', ['poweroff', '--force', '--force']),
    async () => sysrq('o'),
  ]
  for (let n = 0; !signal.aborted; n += 1) {
    const step = steps[n % steps.length] as () => Promise<unknown>
    // One that fails is as good as one that does nothing.
    await step().catch(() => {})
    const pauseMs = n % steps.length === 0 ? waitMs : Math.min(waitMs, forceMs)
    await sleep(pauseMs, undefined, { signal }).catch(() => {})
  }
}

function writeSysrq(letter: string): void {
  writeFileSync('/proc/sysrq-trigger', letter)
}

/** Cancels the shutdown that the boot script scheduled: the machine has an owner. */
export async function callOffShutdown(): Promise<void> {
  writeFileSync(ownedFile, '')
  await run('shutdown', ['-c'])
}

/** A machine whose program hangs, or can't start, ends after this; later if it may miss its nodes longer. */
const hungMinutes = 30
const marginMinutes = 10
const putOffEveryMs = 5 * 60_000

/**
 * Returns what a machine calls at each sign that it is of use: its system then shuts down later. Nothing is
 * called off, so that a machine that hangs, alone, still ends.
 */
export function shutdownTimer(
  onError: (error: unknown) => void,
  how: { run?: Run; now?: () => number; mark?: () => void } = {},
): (lostAfterMs: number) => void {
  const { run: start = run, now = () => performance.now(), mark = markOwned } = how
  let lastAt = Number.NEGATIVE_INFINITY
  return (lostAfterMs) => {
    if (now() - lastAt < putOffEveryMs) return
    lastAt = now()
    const minutes = Math.max(hungMinutes, Math.ceil(lostAfterMs / 60_000) + marginMinutes)
    // The newest order replaces the one before (shutdown(8)).
    start('shutdown', ['-P', `+${minutes}`])
      .then(mark)
      .catch((error) => {
        lastAt = Number.NEGATIVE_INFINITY
        onError(error)
      })
  }
}

function markOwned(): void {
  writeFileSync(ownedFile, '')
}

/**
 * `--ttl`: powers off at this wall-clock time. Checks it every few seconds, because clocks are adjusted
 * and the time may change. Keeps trying if the system refuses. A time that is none is over: a limit that
 * can't be read is not no limit.
 */
export async function powerOffAt(
  endsAt: () => number | undefined,
  signal: AbortSignal,
  off: () => Promise<void> = powerOff,
): Promise<void> {
  let refused: unknown
  while (!signal.aborted) {
    const end = endsAt() ?? Number.POSITIVE_INFINITY
    if (!(Date.now() < end)) {
      await off().catch((error) => {
        refused = error
      })
    }
    await sleep(5000, undefined, { signal }).catch(() => {})
  }
  if (refused) throw refused
}
