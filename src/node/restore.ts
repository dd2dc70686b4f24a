/**
 * A backup that is sent to this node, part by part, and then becomes its database: only an empty one
 * is replaced, at the start of the node that follows.
 */
import { existsSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { TmError } from '../core/errors.ts'
import type { Queue } from './queue.ts'
import type { BackupInfo } from './store/sqlite/backup.ts'

export interface RestoreOptions {
  queue: Pick<Queue, 'pause' | 'unpause' | 'list'>
  folder: string
  /** Checks it, and throws where it is no whole backup. */
  check: (file: string) => BackupInfo
  /** Makes it the database at the next start. */
  stage: (folder: string, file: string) => void
}

export type Restore = ReturnType<typeof createRestore>

export function createRestore({ queue, folder, check, stage }: RestoreOptions) {
  const draft = join(folder, 'restore.part')
  // What an upload that was broken off has left.
  rmSync(draft, { force: true })
  const { promise: replaced, resolve: replace } = Promise.withResolvers<void>()

  async function expectEmpty(): Promise<void> {
    const { tasks } = await queue.list({ limit: 1 })
    if (tasks.length === 0) return
    throw new TmError('conflict', 'This node has tasks of its own: nothing was restored', {
      suggestions: ['Restore into a new cluster: tm up --cluster NAME --restore FILE'],
    })
  }

  /** What was sent is bad, not this node. */
  function checked(): BackupInfo {
    if (!existsSync(draft)) throw incomplete()
    try {
      return check(draft)
    } catch (error) {
      if (!(error instanceof TmError)) throw error
      const { message } = error
      throw new TmError('invalid', message.replace(draft, 'The backup'), { cause: error })
    }
  }

  return {
    /** Answers when it is written. The part at 0 begins anew. */
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

    /** All parts are there. The node takes no more tasks, and starts again with the backup. */
    async finish(): Promise<BackupInfo> {
      const { id, cluster, node, at } = checked()
      await expectEmpty()
      queue.pause()
      try {
        // A task that was on its way when the first look was taken.
        await expectEmpty()
        const file = await open(draft, 'r+')
        await file.sync()
        await file.close()
        stage(folder, draft)
      } catch (error) {
        queue.unpause()
        throw error
      }
      replace()
      return { id, cluster, node, at }
    },

    /** Resolves when the node has to start again. */
    replaced,
  }
}

function incomplete(): TmError {
  return new TmError('conflict', 'The first part of this backup is missing')
}
