/** What the lab does for a machine in place of `dnf`, `systemctl` and `shutdown` (guest/ask.sh). */
import { rmSync, symlinkSync } from 'node:fs'
import type { Output } from './run.ts'

export interface Power {
  /** Terminates or stops it, as it was launched. */
  off(): void
  reboot(): void
}

const done = (stdout = ''): Output => ({ code: 0, stdout, stderr: '' })
const failed = (stderr: string): Output => ({ code: 1, stdout: '', stderr: `${stderr}\n` })

/** Installs by naming the lab's own: `failures` times not at all, and never without a way out. */
export function createDnf(options: { failures: number; root(): string; online(): boolean }) {
  let { failures } = options
  // Of Amazon Linux, and on the host as well.
  const present = /^(bash|coreutils|curl|curl-minimal|gzip|openssl|tar)$/

  return (args: readonly string[]): Output => {
    const [verb = '', ...names] = args.filter((arg) => !arg.startsWith('-'))
    if (verb !== 'install') return failed(`the lab's dnf does not know: ${args.join(' ')}`)
    if (failures > 0 || !options.online()) {
      failures -= 1
      return failed(
        "Error: Failed to download metadata for repo 'amazonlinux': Cannot prepare internal " +
          'mirrorlist: Curl error (28): Timeout was reached',
      )
    }
    const unknown = names.find((name) => name !== 'nodejs24' && !present.test(name))
    if (unknown) return failed(`No match for argument: ${unknown}\nError: Unable to find a match`)
    if (!args.some((arg) => /^(-\w*y\w*|--assumeyes)$/.test(arg))) {
      return failed('Is this ok [y/N]: Operation aborted.')
    }
    if (names.includes('nodejs24')) {
      const place = `${options.root()}/usr/bin/node-24`
      rmSync(place, { force: true })
      symlinkSync(process.execPath, place)
    }
    return done('Complete!\n')
  }
}

/** Now, in so many minutes (shorter by `speed`), or called off. One at a time, as systemd has it. */
export function createShutdown(speed: number, power: Power) {
  let ordered: NodeJS.Timeout | undefined

  return {
    shutdown(args: readonly string[]): Output {
      const options = args.filter((arg) => arg.startsWith('-'))
      const [time = '+1'] = args.filter((arg) => !arg.startsWith('-'))
      if (options.some((one) => !/^-[Phcr]$/.test(one))) {
        return failed(`the lab's shutdown does not know: ${args.join(' ')}`)
      }
      const minutes = time === 'now' ? 0 : Number(/^\+?(\d+)$/.exec(time)?.[1] ?? Number.NaN)
      if (!options.includes('-c') && Number.isNaN(minutes)) {
        return failed(`Failed to parse time specification: ${time}`)
      }
      clearTimeout(ordered)
      if (options.includes('-c')) return done()
      const act = options.includes('-r') ? power.reboot : power.off
      // Not before the command has its answer.
      ordered = setTimeout(act, Math.max(20, (minutes * 60_000) / speed))
      return done()
    },
    /** It is in memory only: a machine that starts again has forgotten it. */
    forget: () => clearTimeout(ordered),
  }
}
