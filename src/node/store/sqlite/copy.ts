/**
 * Copies the database file while it is in use: between two checkpoints SQLite writes only to its
 * log, so the file stays as it was at the last checkpoint (sqlite.org/wal.html).
 */
import { constants, rmSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import type { DatabaseSync } from 'node:sqlite'
import { TmError } from '../../../core/errors.ts'
import { serial } from '../../../runtime/serial.ts'
import { checkpointPages } from './file.ts'

/** For the owner of the only connection; to be called between transactions. */
export function createCopier(database: DatabaseSync, source: string) {
  const inTurn = serial()
  let closed = false

  async function copy(target: string): Promise<void> {
    if (closed) throw stopped()
    database.exec('PRAGMA wal_autocheckpoint = 0')
    try {
      const [row] = database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').all()
      if (row?.busy !== 0) throw new Error('the log could not be written back')
      // A clone where the file system has them (XFS, Btrfs) takes no time and no space.
      await copyFile(source, target, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
      // Closing writes the log back into the file, so the copy may be a mix of two states.
      if (closed) throw stopped()
    } catch (error) {
      // A file that existed before is not ours to remove.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') rmSync(target, { force: true })
      throw error
    } finally {
      if (!closed) database.exec(`PRAGMA wal_autocheckpoint = ${checkpointPages}`)
    }
  }

  return {
    /** Copies run one after the other: the end of one turns checkpoints on again. */
    copy: (target: string): Promise<void> => inTurn(() => copy(target)),
    /** Called before the database is closed: copies under way fail. */
    stop(): void {
      closed = true
    },
  }
}

function stopped(): TmError {
  return new TmError('unavailable', 'The node stopped before the copy was complete')
}
