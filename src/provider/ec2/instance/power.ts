/** Powers this machine off, which terminates the instance: at once, or when `--ttl` is over. */
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { lonelyMinutes } from '../boot/guard.ts'

type Run = (command: string, args: string[]) => Promise<unknown>

const run: Run = promisify(execFile)

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

/**
 * `--ttl`: powers off at this wall-clock time. Checks it every few seconds, because clocks are adjusted
 * and the time may change. A time that is none is not "no limit": it is over in 15 minutes.
 */
export async function powerOffAt(
  endsAt: () => number | undefined,
  signal: AbortSignal,
  {
    off = powerOffForSure,
    steady = () => performance.now(),
    everyMs = 5000,
  }: {
    off?: (signal: AbortSignal) => Promise<void>
    steady?: () => number
    everyMs?: number
  } = {},
): Promise<void> {
  let unreadableAt: number | undefined
  const isOver = (end: number | undefined): boolean => {
    if (end === undefined) return false
    if (Number.isFinite(end)) return Date.now() >= end
    unreadableAt ??= steady()
    return steady() - unreadableAt >= lonelyMinutes * 60_000
  }
  while (!signal.aborted) {
    if (isOver(endsAt())) return await off(signal)
    await sleep(everyMs, undefined, { signal }).catch(() => {})
  }
}
