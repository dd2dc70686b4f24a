/** Tells the guard of this machine (boot/guard.ts) when it ends: files with seconds since the system started. */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { endsFolder, limitName, putOffName } from '../boot/guard.ts'
import { ownedFile } from '../boot/machine-config.ts'

/** A write takes microseconds, and signs come by the thousand. */
const writeEveryMs = 1000

export type Ends = ReturnType<typeof createEnds>

export function createEnds({
  onError,
  folder = endsFolder,
  owned = ownedFile,
  uptime = systemUptime,
}: {
  /** A time could not be written: the one before holds. */
  onError: (error: unknown) => void
  folder?: string
  owned?: string
  /** Seconds since the system started. */
  uptime?: () => number
}) {
  let wrote = { at: Number.NEGATIVE_INFINITY, ms: 0 }
  let isOwned = false
  const path = (name: string) => join(folder, name)

  /** What is no number is written too: the guard knows what to do with it. */
  function write(name: string, inMs: number): void {
    const file = path(name)
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      writeFileSync(`${file}.new`, `${Math.ceil(uptime() + inMs / 1000)}\n`)
      renameSync(`${file}.new`, file)
    } catch (error) {
      onError(error)
    }
  }

  function own(): void {
    try {
      writeFileSync(owned, '')
      isOwned = true
    } catch (error) {
      onError(error)
    }
  }

  function read(name: string): number | undefined {
    try {
      return Number.parseInt(readFileSync(path(name), 'utf8'), 10)
    } catch {
      return undefined
    }
  }

  return {
    /** A sign that the machine is of use: it has this long until the next one. */
    putOff(ms: number): void {
      const now = performance.now()
      if (now - wrote.at < writeEveryMs && wrote.ms === ms) return
      wrote = { at: now, ms }
      write(putOffName, ms)
      if (!isOwned) own()
    },

    /** It ends in this time, whatever happens; undefined: not because of `--ttl`. */
    limit(ms: number | undefined): void {
      if (ms === undefined) rmSync(path(limitName), { force: true })
      else write(limitName, ms)
    },

    /** Milliseconds until then; undefined if there is no limit. */
    limitLeft(): number | undefined {
      const end = read(limitName)
      return end === undefined ? undefined : Math.max(0, (end - uptime()) * 1000)
    },
  }
}

function systemUptime(): number {
  return Number.parseFloat(readFileSync('/proc/uptime', 'utf8'))
}
