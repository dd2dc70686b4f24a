/** Counts the transactions in a write-ahead log (format: sqlite.org/fileformat2.html#walformat). */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const headerBytes = 32
const frameHeaderBytes = 24

/** Frames that end a transaction, since the log was last reset. */
export function commitsIn(folder: string): number {
  const log = readFileSync(join(folder, 'queue.db-wal'))
  if (log.length < headerBytes) return 0
  const pageBytes = log.readUInt32BE(8)
  const salt = log.subarray(16, 24)
  let commits = 0
  for (let at = headerBytes; at < log.length; at += frameHeaderBytes + pageBytes) {
    if (!log.subarray(at + 8, at + 16).equals(salt)) break
    // A frame that ends a transaction has the size of the database here; others have 0.
    if (log.readUInt32BE(at + 4) > 0) commits += 1
  }
  return commits
}
