/** A history as it happens: each event is heard by the auditor and kept as a line of a file. */
import { closeSync, openSync, writeSync } from 'node:fs'
import { createAuditor } from './auditor.ts'
import type { Event } from './events.ts'

export type History = ReturnType<typeof createHistory>

export function createHistory(file: string) {
  const auditor = createAuditor()
  const target = openSync(file, 'w')
  let length = 0
  let requests = 0

  return {
    file,
    auditor,
    record(event: Event): void {
      writeSync(target, `${JSON.stringify(event)}\n`)
      length += 1
      auditor.hear(event)
    },
    /** How many events there have been: a look says so of the moment in which it is asked for. */
    length: () => length,
    nextRequest: () => ++requests,
    close(): void {
      closeSync(target)
    },
  }
}
