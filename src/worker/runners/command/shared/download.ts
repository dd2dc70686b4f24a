/** Reads a shared file from a node, part by part, the next parts on their way. */
import { createHash } from 'node:crypto'
import type { Client } from '../../../../api/client.ts'
import { type SharedContent, sharedParts } from '../../../../kinds/command/shared.ts'

/** Parts on their way at once. */
const ahead = 4

export type Reader = Pick<Client, 'readShared'>

/** All bytes, in order. At the end it throws if they do not have the hash. */
export async function* download(
  node: Reader,
  { sha256, size }: SharedContent,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const hash = createHash('sha256')
  for await (const bytes of inOrder(node, { sha256, size }, signal)) {
    hash.update(bytes)
    yield bytes
  }
  if (hash.digest('hex') !== sha256) throw new Error('it arrived with other bytes than it had')
}

async function* inOrder(node: Reader, { sha256, size }: SharedContent, signal: AbortSignal) {
  const coming: Promise<Uint8Array<ArrayBuffer>>[] = []
  const count = sharedParts(size)
  for (let next = 0; next < count || coming.length > 0; ) {
    while (coming.length < ahead && next < count) {
      const part = node.readShared({ params: { sha256, part: next }, retries: 5, signal })
      // Whoever waits for the parts before it meets the error first.
      part.catch(() => {})
      coming.push(part)
      next += 1
    }
    yield (await coming.shift()) as Uint8Array<ArrayBuffer>
  }
}
