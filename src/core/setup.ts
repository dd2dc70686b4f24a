/**
 * What the machine of a worker does once, before its first task: it installs packages, then runs a
 * script of whoever created the cluster, as root.
 */
import { createHash } from 'node:crypto'

export interface Setup {
  /** Names that its package manager knows. */
  packages: string[]
  /** For bash. */
  script?: string | undefined
  /** Milliseconds for all of it. */
  timeout: number
}

export const defaultSetupTimeoutMs = 15 * 60_000

/** A name or a URL, but no option. */
export const packageName = /^[A-Za-z0-9][\w+.:@/~-]*$/
export const maxScriptCharacters = 256 * 1024

/** How a setup ended that did not succeed. */
export interface SetupFailure {
  /** `the script: exit 1 after 40 s` */
  why: string
  /** The last that it wrote. */
  lines: string[]
}

/** Lines of a failed setup that are kept. */
export const setupLines = 20

/** Equal for setups that make equal machines: the limit of time does not count. In hex. */
export function hashOfSetup({ packages, script = '' }: Setup): string {
  return createHash('sha256')
    .update(JSON.stringify([packages, script]))
    .digest('hex')
}

/** `packages gdal, jq; a script of 12 lines` */
export function describeSetup({ packages, script }: Setup): string {
  const lines = script?.trimEnd().split('\n').length
  return [
    ...(packages.length > 0 ? [`packages ${packages.join(', ')}`] : []),
    ...(lines === undefined ? [] : [`a script of ${lines} ${lines === 1 ? 'line' : 'lines'}`]),
  ].join('; ')
}

/** The failure in one line, with the last line that it wrote. */
export function describeSetupFailure({ why, lines }: SetupFailure): string {
  const last = lines.at(-1)
  return `setup failed: ${why}${last === undefined ? '' : `: ${last}`}`
}
