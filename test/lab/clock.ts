/** The time of a machine since it started, and what it asks of its kernel: files over those in /proc. */
import { closeSync, existsSync, openSync, readFileSync, writeSync } from 'node:fs'

const everyMs = 100

export interface KernelOptions {
  /** Its files, as seen from here. */
  root: string
  /** How many times as fast its time passes. */
  speed: number
  /** By sysrq, as if its power went. */
  off(): void
}

export type Kernel = ReturnType<typeof startKernel>

export function startKernel({ root, speed, off }: KernelOptions) {
  const from = performance.now()
  let skippedMs = 0
  // A kernel may be without.
  const sysrq = `${root}/run/lab-sysrq-trigger`
  const uptime = openSync(`${root}/run/lab-uptime`, 'r+')

  function tick(): void {
    const seconds = ((performance.now() - from) * speed + skippedMs) / 1000
    // Of one length and in one write: nobody reads half of it.
    writeSync(uptime, `${`${seconds.toFixed(2)} 0.00`.padEnd(30)}\n`, 0)
    if (existsSync(sysrq) && /^o/.test(readFileSync(sysrq, 'utf8'))) off()
  }
  tick()
  const timer = setInterval(tick, everyMs)

  return {
    /** So much of its time passes at once. */
    skip(ms: number): void {
      skippedMs += ms
      tick()
    },
    stop(): void {
      clearInterval(timer)
      closeSync(uptime)
    },
  }
}
