/** The end of a local machine's log: why it ended. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The last error in the log, or else its last line. */
export function logTail(folder: string): string {
  const lines = readLog(folder)
  return lines ? (lastError(lines) ?? lines.at(-1) ?? '') : 'it left no log'
}

/** Undefined if the log has none: it was killed, for example. */
export function lastErrorIn(folder: string): string | undefined {
  const lines = readLog(folder)
  return lines && lastError(lines)
}

/** Whether its last line says that it stopped because it was to. */
export function endedWell(folder: string): boolean {
  return /^\{.*"msg":"stopped"/.test(readLog(folder)?.at(-1) ?? '')
}

/** Of tm, of JavaScript, of V8 (`FATAL ERROR: … heap out of memory`), of the dynamic loader. */
const errorLine = /^(?:[A-Za-z]*Error|FATAL ERROR|\S+: error)\b.*: /

function lastError(lines: string[]): string | undefined {
  return lines.findLast((line) => errorLine.test(line))?.replace(/^Error: /, '')
}

function readLog(folder: string): string[] | undefined {
  try {
    return readFileSync(join(folder, 'log'), 'utf8').trim().split('\n')
  } catch {
    return undefined
  }
}
