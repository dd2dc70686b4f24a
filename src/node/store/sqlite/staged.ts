/** How a backup takes the place of a node's database at its next start. */
import { existsSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'

function stagedIn(folder: string): string {
  return join(folder, 'queue.restore')
}

/** The next start begins with this backup, which lies in the same folder and is synced. */
export function stageRestore(folder: string, draft: string): void {
  renameSync(draft, stagedIn(folder))
}

/** Called at the start, and idempotent. The log belongs to the database that is replaced. */
export function finishRestore(folder: string, file: string): void {
  const staged = stagedIn(folder)
  if (!existsSync(staged)) return
  rmSync(`${file}-wal`, { force: true })
  renameSync(staged, file)
}
