/**
 * The shared files that a worker has: each once, however many attempts want it at the same time. The
 * least recently used ones go when they have more bytes than they may have together.
 */
import { renameSync, rmSync } from 'node:fs'
import { chmod, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { SharedFile } from '../../../../kinds/command/shared.ts'
import { aborted } from '../../../../runtime/signals.ts'
import { download, type Reader } from './download.ts'
import { extract } from './extract.ts'
import { markOf, type Tree } from './tree.ts'

export interface CacheOptions {
  /** Its own. */
  folder: string
  maxBytes: number
}

interface Entry {
  bytes: number
  path: string
  tree: Promise<Tree>
  /** Those that wait for it, or copy it. Without any, a download ends. */
  users: number
  stop: AbortController
  isHere: boolean
}

export type SharedCache = ReturnType<typeof createCache>

export function createCache({ folder, maxBytes }: CacheOptions) {
  /** The least recently used first. */
  const entries = new Map<string, Entry>()
  let made = 0

  function begin(file: SharedFile, node: Reader): Entry {
    made += 1
    const path = join(folder, String(made))
    const stop = new AbortController()
    makeRoom(file.size)
    const tree = fetchTree(node, file, path, stop.signal)
    const entry: Entry = { bytes: file.size, path, tree, users: 0, stop, isHere: false }
    tree.then(
      () => {
        entry.isHere = true
      },
      () => remove(keyOf(file), entry),
    )
    return entry
  }

  function remove(key: string, entry: Entry): void {
    if (entries.get(key) === entry) entries.delete(key)
    entry.stop.abort()
    void rm(entry.path, { recursive: true, force: true }).catch(() => {})
  }

  /** If all are in use, there are more bytes than there should be; the disk may have them. */
  function makeRoom(bytes: number): void {
    let total = [...entries.values()].reduce((sum, entry) => sum + entry.bytes, bytes)
    for (const [key, entry] of [...entries]) {
      if (total <= maxBytes) return
      if (entry.users > 0) continue
      remove(key, entry)
      total -= entry.bytes
    }
  }

  return {
    /**
     * Calls `use` with the file, which stays until that has ended. Throws what the download threw, or
     * the reason of the signal.
     */
    async with<T>(
      file: SharedFile,
      node: Reader,
      signal: AbortSignal,
      use: (tree: Tree) => Promise<T>,
    ): Promise<T> {
      const key = keyOf(file)
      const entry = entries.get(key) ?? begin(file, node)
      entries.delete(key)
      entries.set(key, entry)
      entry.users += 1
      try {
        const gone = aborted(signal).then((): never => {
          throw signal.reason
        })
        return await use(await Promise.race([entry.tree, gone]))
      } finally {
        entry.users -= 1
        if (entry.users === 0 && !entry.isHere) remove(key, entry)
      }
    },

    /** Forgets it: a command has changed it. */
    drop(file: SharedFile): void {
      const entry = entries.get(keyOf(file))
      if (entry) remove(keyOf(file), entry)
    },

    /** Ends downloads. Whoever made the folder removes it. */
    close(): void {
      for (const { stop } of entries.values()) stop.abort()
      entries.clear()
    },
  }
}

/** The permissions of a file belong to it, and a link to it has the same. */
function keyOf({ sha256, kind, mode }: SharedFile): string {
  return `${sha256} ${kind} ${mode & 0o111}`
}

/** Under its path there is never a part of it. */
async function fetchTree(
  node: Reader,
  file: SharedFile,
  path: string,
  signal: AbortSignal,
): Promise<Tree> {
  const draft = `${path}.part`
  try {
    const bytes = download(node, file, signal)
    const tree = file.kind === 'dir' ? await extract(bytes, draft) : await store(bytes, draft, file)
    renameSync(draft, path)
    return { ...tree, path }
  } catch (error) {
    rmSync(draft, { recursive: true, force: true })
    throw error
  }
}

async function store(
  bytes: AsyncIterable<Uint8Array>,
  path: string,
  { mode }: SharedFile,
): Promise<Tree> {
  const file = await open(path, 'wx', 0o600)
  try {
    for await (const piece of bytes) await file.writeFile(piece)
  } finally {
    await file.close()
  }
  await chmod(path, mode & 0o111 ? 0o555 : 0o444)
  return { path, nodes: [{ kind: 'file', name: '', mark: markOf(path) }] }
}
