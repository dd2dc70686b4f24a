/**
 * Backups of this node: made on its own disk, downloaded in parts, and removed by the client or when
 * they have not been read for a while.
 */
import { randomUUID } from 'node:crypto'
import { readdirSync, rmSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { TmError } from '../core/errors.ts'
import type { BackupInfo, Snapshots } from './store/snapshots.ts'

export interface BackupsOptions {
  copyTo: Snapshots['copyTo']
  /** Holds the backups. Files that a killed node left there are removed. */
  folder: string
  /** Turns a copy of the database into a backup. */
  seal: (file: string) => Promise<BackupInfo>
  keepUnreadMs?: number
}

/** Bytes in one part. */
export const partBytes = 4 * 1024 ** 2

export type Backups = ReturnType<typeof createBackups>

export function createBackups({ copyTo, folder, seal, keepUnreadMs = 600_000 }: BackupsOptions) {
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
      await copyTo(file)
      const info = await seal(file)
      const expiry = setTimeout(() => remove(info.id), keepUnreadMs).unref()
      files.set(info.id, { file, expiry })
      const size = await withFile(file, async (handle) => (await handle.stat()).size)
      return { ...info, size }
    },

    /** Up to `partBytes` bytes at the offset `from`; empty at the end. */
    async read(id: string, from: number): Promise<Uint8Array<ArrayBuffer>> {
      const found = files.get(id)
      if (!found)
        throw new TmError('not_found', `No backup ${id} on this node; it may have expired`)
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
