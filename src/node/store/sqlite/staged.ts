/** A backup that takes the place of a node's database at its next start. */
import { existsSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'

function stagedIn(folder: string): string {
  return join(folder, 'queue.restore')
}

/** From now on the next start begins with this backup, which is in the same folder and on its disk. */
export function stageRestore(folder: string, draft: string): void {
  renameSync(draft, stagedIn(folder))
}

/** At the start: killed in between, it is done again. The log is of the database that goes. */
export function finishRestore(folder: string, file: string): void {
  const staged = stagedIn(folder)
  if (!existsSync(staged)) return
  rmSync(`${file}-wal`, { force: true })
  renameSync(staged, file)
}
