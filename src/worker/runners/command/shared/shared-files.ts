/** Gives each attempt what its job shares: from the cache of the worker, into the attempt's folder. */
import { mkdirSync, rmSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import { messageOf } from '../../../../core/errors.ts'
import { problemOfName, type SharedFile } from '../../../../kinds/command/shared.ts'
import type { AttemptFolder } from '../attempt-folders.ts'
import { createCache, type SharedCache } from './cache.ts'
import type { Reader } from './download.ts'
import { BadArchive } from './extract.ts'
import { createPutFile, place } from './place.ts'
import { ChangedOnDisk } from './tree.ts'

/** The folder of a command, and who it runs as. */
type Receiver = Pick<AttemptFolder, 'cwd' | 'user'>

/** How often a file that commands have changed is fetched again for one attempt. */
const maxFetches = 3

/** `folder` is its own, and made for the first file. It may take half of what the disk then has free. */
export function createSharedFiles(folder: string) {
  const put = createPutFile()
  let made: SharedCache | undefined

  function cache(): SharedCache {
    if (made) return made
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const { bavail, bsize } = statfsSync(folder)
    made = createCache({ folder, maxBytes: (bavail * bsize) / 2 })
    return made
  }

  async function giveOne(
    file: SharedFile,
    node: Reader,
    { cwd, user }: Receiver,
    signal: AbortSignal,
  ) {
    const to = join(cwd, file.name)
    for (let fetches = 1; ; fetches += 1) {
      try {
        return await cache().with(file, node, signal, (tree) => place(tree, to, put, user))
      } catch (error) {
        if (!(error instanceof ChangedOnDisk) || fetches === maxFetches) throw error
        cache().drop(file)
        rmSync(to, { recursive: true, force: true })
      }
    }
  }

  return {
    /**
     * Puts them into the folder of an attempt. Throws `BadArchive` if no worker could, and another
     * error if this one can't.
     */
    async give(
      files: SharedFile[],
      node: Reader,
      receiver: Receiver,
      signal: AbortSignal,
    ): Promise<void> {
      for (const file of files) {
        const problem = problemOfName(file.name)
        if (problem !== undefined) throw new BadArchive(`the shared file ${file.name}: ${problem}`)
        await giveOne(file, node, receiver, signal).catch((error) => {
          throw explain(error, file)
        })
      }
    },

    close: () => made?.close(),
  }
}

function explain(error: unknown, { name }: SharedFile): Error {
  const message = `the shared file ${name}: ${messageOf(error)}`
  const options = { cause: error }
  return error instanceof BadArchive
    ? new BadArchive(message, options)
    : new Error(message, options)
}
