/** Temporary folders. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Folder {
  folder: string
  remove(): void
}

export function temporaryFolder(): Folder {
  const folder = mkdtempSync(join(tmpdir(), 'tm-store-test-'))
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) }
}
