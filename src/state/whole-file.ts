/** Writes files of the data directory as a whole: neither a reader nor a crash ever sees half of one. */
import { randomBytes } from 'node:crypto'
import { renameSync, rmSync, writeFileSync } from 'node:fs'

export function writeWhole(file: string, text: string): void {
  const draft = draftOf(file)
  try {
    writeFileSync(draft, text, { mode: 0o600, flush: true })
    renameSync(draft, file)
  } catch (error) {
    rmSync(draft, { force: true })
    throw error
  }
}

/** Unique, even where two containers share a folder and have the same process ids. */
export function draftOf(file: string): string {
  return `${file}.${process.pid}.${randomBytes(4).toString('hex')}`
}
