/**
 * A copy of the database file while it is in use: between two checkpoints SQLite writes to its log
 * only, so the file itself, copied in that time, is as it was at the last one (sqlite.org/wal.html).
 */
import { constants, rmSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import type { DatabaseSync } from 'node:sqlite'
import { TmError } from '../../../core/errors.ts'
import { checkpointPages } from './file.ts'

/** Must be called between transactions, and by whoever owns the only connection. */
export function createCopier(database: DatabaseSync, source: string) {
  let last: Promise<unknown> = Promise.resolve()
  let closed = false

  async function copy(target: string): Promise<void> {
    if (closed) throw stopped()
    database.exec('PRAGMA wal_autocheckpoint = 0')
    try {
      const [row] = database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').all()
      if (row?.busy !== 0) throw new Error('the log could not be written back')
      // A clone where the file system can (XFS, Btrfs): no time and no room.
      await copyFile(source, target, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
      // Closing writes the log back: what was copied since then is of two moments.
      if (closed) throw stopped()
    } catch (error) {
      // What was there before is somebody else's.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') rmSync(target, { force: true })
      throw error
    } finally {
      if (!closed) database.exec(`PRAGMA wal_autocheckpoint = ${checkpointPages}`)
    }
  }

  return {
    /** One after the other: the end of one would let the log be written back under the next. */
    copy(target: string): Promise<void> {
      const done = last.then(() => copy(target))
      last = done.catch(() => {})
      return done
    },
    /** The database is about to be closed: copies under way fail. */
    stop(): void {
      closed = true
    },
  }
}

function stopped(): TmError {
  return new TmError('unavailable', 'The node stopped before the copy was whole')
}
