/**
 * Backups of this node: made on its own disk, fetched part by part, and gone when they were fetched, or
 * after nobody has asked for a while.
 */
import { randomUUID } from 'node:crypto'
import { readdirSync, rmSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { TmError } from '../core/errors.ts'
import type { BackupInfo } from './store/sqlite/backup.ts'
import type { Store } from './store/store.ts'

export interface BackupsOptions {
  store: Pick<Store, 'copyTo'>
  /** Where they lie; what a killed node has left there is removed. */
  folder: string
  /** Makes a backup of a copy. */
  seal: (file: string) => BackupInfo
  /** Milliseconds. */
  keepUnread?: number
}

/** Bytes in one part. */
export const partBytes = 4 * 1024 ** 2

export type Backups = ReturnType<typeof createBackups>

export function createBackups({ store, folder, seal, keepUnread = 600_000 }: BackupsOptions) {
  const files = new Map<string, { file: string; expiry: NodeJS.Timeout }>()
  for (const name of readdirSync(folder)) {
    if (/^backup-[-0-9a-f]+\.db/.test(name)) rmSync(join(folder, name), { force: true })
  }

  function remove(id: string): void {
    const found = files.get(id)
    if (!found) return
    clearTimeout(found.expiry)
    files.delete(id)
    rmSync(found.file, { force: true })
  }

  return {
    async make(): Promise<BackupInfo & { size: number }> {
      const file = join(folder, `backup-${randomUUID()}.db`)
      await store.copyTo(file)
      const info = seal(file)
      const expiry = setTimeout(() => remove(info.id), keepUnread).unref()
      files.set(info.id, { file, expiry })
      const size = await withFile(file, async (handle) => (await handle.stat()).size)
      return { ...info, size }
    },

    /** The bytes from there on, as many as a part has; none at the end. */
    async read(id: string, from: number): Promise<Uint8Array<ArrayBuffer>> {
      const found = files.get(id)
      if (!found) throw new TmError('not_found', `This node has no backup ${id} any more`)
      found.expiry.refresh()
      return await withFile(found.file, async (handle) => {
        const part = new Uint8Array(partBytes)
        const { bytesRead } = await handle.read(part, 0, partBytes, from)
        return part.subarray(0, bytesRead)
      })
    },

    remove,

    close(): void {
      for (const id of [...files.keys()]) remove(id)
    },
  }
}

async function withFile<T>(file: string, use: (handle: FileHandle) => Promise<T>): Promise<T> {
  const handle = await open(file)
  try {
    return await use(handle)
  } finally {
    await handle.close()
  }
}
