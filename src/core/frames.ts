/**
 * The binary framing in which task bodies travel, both ways: bulk enqueue to a node, leases to a
 * worker. A stream of frames, each
 *
 *   u32 big-endian  bytes of the header
 *   u32 big-endian  bytes of the body
 *   header          JSON, UTF-8
 *   body            the task's bytes, as they are
 *
 * so a body is never escaped or copied into text, and a reader needs one frame in memory.
 */
import { TmError } from './errors.ts'

export const framesType = 'application/vnd.tm.frames'
export const maxHeaderBytes = 4096
const prefixBytes = 8

export interface Frame {
  header: unknown
  body: Uint8Array<ArrayBuffer>
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** One frame as two pieces, so that the body is not copied. */
export function encodeFrame(header: unknown, body: Uint8Array<ArrayBuffer>) {
  const json = encoder.encode(JSON.stringify(header))
  const head = new Uint8Array(prefixBytes + json.length)
  const view = new DataView(head.buffer)
  view.setUint32(0, json.length)
  view.setUint32(4, body.length)
  head.set(json, prefixBytes)
  return [head, body] as const
}

/** Many frames as one piece of memory. */
export function encodeFrames(frames: Frame[]): Uint8Array<ArrayBuffer> {
  const pieces = frames.flatMap(({ header, body }) => encodeFrame(header, body))
  return concat(pieces)
}

/**
 * The frames in a stream of pieces of any size; null is a request or an answer without a body.
 * Throws `invalid` on a stream that ends inside a frame or is not made of frames, `too_large` on a
 * body over `maxBody` bytes, before it is read.
 */
export async function* decodeFrames(
  pieces: AsyncIterable<Uint8Array> | null,
  maxBody: number,
): AsyncGenerator<Frame> {
  if (pieces === null) return
  const reader = new PieceReader(pieces)
  for (;;) {
    const prefix = await reader.take(prefixBytes)
    if (prefix === undefined) return
    const view = new DataView(prefix.buffer, prefix.byteOffset, prefixBytes)
    const headerBytes = view.getUint32(0)
    const bodyBytes = view.getUint32(4)
    if (headerBytes > maxHeaderBytes) throw notFrames('a header is over 4 KiB')
    if (bodyBytes > maxBody) {
      throw new TmError('too_large', `A body of ${bodyBytes} bytes is over the limit of ${maxBody}`)
    }
    const json = await reader.take(headerBytes)
    const body = await reader.take(bodyBytes)
    if (json === undefined || body === undefined) throw notFrames('it ends inside a frame')
    yield { header: parseHeader(json), body }
  }
}

function parseHeader(json: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(json))
  } catch {
    throw notFrames('a header is not JSON')
  }
}

function notFrames(what: string): TmError {
  return new TmError('invalid', `The request is not a stream of frames: ${what}`)
}

/** Cuts a stream of pieces into blocks of wanted sizes, copying each byte at most once. */
class PieceReader {
  readonly #pieces: AsyncIterator<Uint8Array>
  #held: Uint8Array[] = []
  #size = 0

  constructor(pieces: AsyncIterable<Uint8Array>) {
    this.#pieces = pieces[Symbol.asyncIterator]()
  }

  /** Exactly `bytes` bytes, or undefined at the end of the stream. Throws when it ends midway. */
  async take(bytes: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    while (this.#size < bytes) {
      const next = await this.#pieces.next()
      if (next.done) {
        if (this.#size > 0 && bytes > 0) throw notFrames('it ends inside a frame')
        return undefined
      }
      this.#held.push(next.value)
      this.#size += next.value.length
    }
    return this.#cut(bytes)
  }

  #cut(bytes: number): Uint8Array<ArrayBuffer> {
    const block = new Uint8Array(bytes)
    let filled = 0
    while (filled < bytes) {
      const piece = this.#held[0] as Uint8Array
      const part = piece.subarray(0, bytes - filled)
      block.set(part, filled)
      filled += part.length
      if (part.length === piece.length) this.#held.shift()
      else this.#held[0] = piece.subarray(part.length)
    }
    this.#size -= bytes
    return block
  }
}

export function concat(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((size, piece) => size + piece.length, 0))
  let offset = 0
  for (const piece of pieces) {
    whole.set(piece, offset)
    offset += piece.length
  }
  return whole
}
