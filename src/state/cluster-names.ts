/**
 * The names that clusters had when `tm down` found them, so that it can be run again: a name that no
 * cluster has had is a mistake, and one that was removed is not. One line for each, in the data directory.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeWhole } from './whole-file.ts'

/** More names than anybody runs `tm down` for again. */
const mostNames = 1000

export function isKnownName(dataDir: string, name: string): boolean {
  return namesIn(dataDir).includes(name)
}

/** Only a convenience: a full disk must not keep a cluster from being removed. */
export function rememberName(dataDir: string, name: string): void {
  try {
    const names = namesIn(dataDir)
    mkdirSync(dataDir, { recursive: true, mode: 0o700 })
    if (names.includes(name)) return
    if (names.length < mostNames) appendFileSync(fileIn(dataDir), `${name}\n`, { mode: 0o600 })
    else writeWhole(fileIn(dataDir), `${[...names.slice(-mostNames / 2), name].join('\n')}\n`)
  } catch {}
}

function namesIn(dataDir: string): string[] {
  const text = existsSync(fileIn(dataDir)) ? readFileSync(fileIn(dataDir), 'utf8') : ''
  return text.split('\n').filter((name) => name !== '')
}

function fileIn(dataDir: string): string {
  return join(dataDir, 'cluster-names')
}
