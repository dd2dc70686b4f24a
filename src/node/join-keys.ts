/**
 * The keys with which workers have joined, over restarts of the node. A command comes from the address of its
 * worker: without the key of the first join it would get the worker's token.
 */
import { createHash } from 'node:crypto'
import type { NodeDocuments } from './store/node-documents.ts'

const document = 'join-keys'
/** More than a node ever has at a time; the newest are kept. */
const maxKept = 2000

export type JoinKeys = Awaited<ReturnType<typeof loadJoinKeys>>

export async function loadJoinKeys(documents: NodeDocuments) {
  const saved = ((await documents.load(document)) ?? {}) as Record<string, string>
  const hashes = new Map(Object.entries(saved))

  return {
    /**
     * Whether nobody has joined as this worker with another key. From then on it is the only one. Resolves
     * when that is on disk.
     */
    async claim(id: string, key: string): Promise<boolean> {
      const hash = createHash('sha256').update(key).digest('hex')
      const known = hashes.get(id)
      if (known !== undefined) return known === hash
      hashes.set(id, hash)
      for (const oldest of hashes.keys()) if (hashes.size > maxKept) hashes.delete(oldest)
      try {
        await documents.save(document, Object.fromEntries(hashes))
      } catch (error) {
        hashes.delete(id)
        throw error
      }
      return true
    },
  }
}
