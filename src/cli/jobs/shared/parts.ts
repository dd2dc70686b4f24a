/** Cuts what is read into the parts that travel. */
import { type SharedContent, sharedPartBytes } from '../../../kinds/command/shared.ts'

export interface Part {
  part: number
  body: Uint8Array<ArrayBuffer>
}

/** The parts with these numbers. Bytes beyond `size` are left out: it has grown since it was hashed. */
export async function* partsOf(
  bytes: AsyncIterable<Uint8Array>,
  size: number,
  wanted: ReadonlySet<number>,
): AsyncGenerator<Part> {
  let part = 0
  let filled = 0
  let body = new Uint8Array(partLength(part, size))
  for await (const piece of bytes) {
    for (let at = 0; at < piece.length && body.length > 0; ) {
      const taken = piece.subarray(at, at + body.length - filled)
      body.set(taken, filled)
      filled += taken.length
      at += taken.length
      if (filled < body.length) continue
      if (wanted.has(part)) yield { part, body }
      part += 1
      filled = 0
      body = new Uint8Array(partLength(part, size))
    }
  }
}

export function partLength(part: number, size: SharedContent['size']): number {
  return Math.max(0, Math.min(sharedPartBytes, size - part * sharedPartBytes))
}
