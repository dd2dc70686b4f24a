/** What a machine of this computer says in its log before it ends. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The last error in its log, or its last line: why it ended. */
export function lastWords(folder: string): string {
  const lines = readLog(folder)
  return lines ? (lastError(lines) ?? lines.at(-1) ?? '') : 'it left no log'
}

/** Undefined where the log has none. */
export function lastErrorIn(folder: string): string | undefined {
  const lines = readLog(folder)
  return lines && lastError(lines)
}

function lastError(lines: string[]): string | undefined {
  return lines.findLast((line) => line.startsWith('Error: '))?.replace(/^Error: /, '')
}

function readLog(folder: string): string[] | undefined {
  try {
    return readFileSync(join(folder, 'log'), 'utf8').trim().split('\n')
  } catch {
    return undefined
  }
}
