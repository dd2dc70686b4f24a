/**
 * Opens a node's store by its URL. The scheme names the engine, which is loaded only then: nothing
 * outside this folder knows which engines there are.
 */
import { TmError } from '../../core/errors.ts'
import type { BackupContents } from './snapshots.ts'
import type { Store } from './store.ts'

/**
 * `sqlite:` and a folder: the database there, which is made on the first start. Throws `damaged`,
 * `conflict` (in use), `storage_full`, `failed`.
 */
export async function openStore(url: string): Promise<Store> {
  const folder = folderIn(url)
  const { openSqliteStore } = await import('./sqlite/sqlite.ts')
  return await openSqliteStore({ folder })
}

/** Whether a node of this computer has the store open, in whichever container; true if unsure. */
export async function isInUse(url: string): Promise<boolean> {
  const folder = folderIn(url)
  const { isLocked } = await import('./sqlite/file.ts')
  return isLocked(folder)
}

function folderIn(url: string): string {
  const [, scheme, rest = ''] = /^([a-z]+):(.+)$/s.exec(url) ?? []
  if (scheme !== 'sqlite') throw new TmError('invalid', `Not the URL of a store: ${url}`)
  return rest
}

/** `Snapshots.read` without a store: every engine makes backups of the same format. */
export async function readBackup(file: string): Promise<BackupContents> {
  const { readBackup } = await import('./sqlite/backup.ts')
  return readBackup(file)
}
