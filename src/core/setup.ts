/**
 * What the machine of a worker does once, before its first task: it installs packages, then runs a
 * script of whoever created the cluster, as root.
 */
import { createHash } from 'node:crypto'
import { pluralize } from './text.ts'

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

/** How far the setup of a machine is, as heartbeats tell the node. */
export interface SetupState {
  /** Undefined while the worker does not know it, or if it needs none. */
  hash?: string | undefined
  /** While it runs: since when (wall-clock milliseconds), and the last line that it wrote. */
  running?: { beganAt: number; line: string } | undefined
}

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
    ...(lines === undefined ? [] : [`a script of ${pluralize(lines, 'line')}`]),
  ].join('; ')
}

/** The failure in one line, with the last line that it wrote. */
export function describeSetupFailure({ why, lines }: SetupFailure): string {
  const last = lines.at(-1)
  return `setup failed: ${why}${last === undefined ? '' : `: ${last}`}`
}
