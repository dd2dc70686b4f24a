/**
 * Restores a backup: a client uploads it in parts, and it replaces the database at the node's next
 * start. A node that has tasks refuses.
 */
import { existsSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { TmError } from '../core/errors.ts'
import { suggest, tm } from '../core/suggestions.ts'
import type { Queue } from './queue.ts'
import type { BackupInfo, Snapshots } from './store/snapshots.ts'

export interface RestoreOptions {
  queue: Pick<Queue, 'pause' | 'unpause' | 'list'>
  folder: string
  /** Throws if the file is not a complete backup. */
  check: Snapshots['read']
  /** Makes the file the database at the next start. */
  stage: Snapshots['stage']
}

export type Restore = ReturnType<typeof createRestore>

export function createRestore({ queue, folder, check, stage }: RestoreOptions) {
  const draft = join(folder, 'restore.part')
  // Left by an interrupted upload.
  rmSync(draft, { force: true })
  const { promise: replaced, resolve: replace } = Promise.withResolvers<void>()

  async function expectEmpty(): Promise<void> {
    const { tasks } = await queue.list({ limit: 1 })
    if (tasks.length === 0) return
    throw new TmError('conflict', 'This node has tasks of its own: nothing was restored', {
      suggestions: [
        suggest`Restore into a new cluster: ${tm('up', { cluster: 'NAME', restore: 'FILE' })}`,
      ],
    })
  }

  /** A damaged upload is the client's error (`invalid`), not the node's. */
  async function checked(): Promise<BackupInfo> {
    if (!existsSync(draft)) throw incomplete()
    try {
      return await check(draft)
    } catch (error) {
      if (!(error instanceof TmError)) throw error
      const { message } = error
      throw new TmError('invalid', message.replace(draft, 'The backup'), { cause: error })
    }
  }

  return {
    /** Resolves when the part is written. The part at 0 starts a new upload. */
    async write(from: number, bytes: Uint8Array): Promise<void> {
      if (from === 0) await expectEmpty()
      const file = await open(draft, from === 0 ? 'w' : 'r+', 0o600).catch((error) => {
        throw (error as NodeJS.ErrnoException).code === 'ENOENT' ? incomplete() : error
      })
      try {
        await file.write(bytes, 0, bytes.length, from)
      } finally {
        await file.close()
      }
    },

    /** Called after the last part. The node takes no more tasks and restarts with the backup. */
    async finish(): Promise<BackupInfo> {
      const { id, cluster, node, at } = await checked()
      await expectEmpty()
      queue.pause()
      try {
        // A task may have arrived after the first check and before the pause.
        await expectEmpty()
        const file = await open(draft, 'r+')
        await file.sync()
        await file.close()
        await stage(draft)
      } catch (error) {
        queue.unpause()
        throw error
      }
      replace()
      return { id, cluster, node, at }
    },

    /** Resolves when the node has to restart. */
    replaced,
  }
}

function incomplete(): TmError {
  return new TmError('conflict', 'The first part of this backup is missing')
}
