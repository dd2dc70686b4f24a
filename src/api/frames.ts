/**
 * The binary framing of tasks with their bodies, for enqueueing many tasks and for leases. A stream of
 * frames, each
 *
 *   u32 big-endian  bytes of the header
 *   u32 big-endian  bytes of the body
 *   header          JSON, UTF-8
 *   body            the task's bytes, as they are
 *
 * Bodies are never escaped or converted to text, and a reader needs only one frame in memory. Both
 * sides spend most of the time for small tasks here, so frames are processed in groups.
 */
import { TmError } from '../core/errors.ts'

export const framesType = 'application/vnd.tm.frames'
export const maxHeaderBytes = 4096
const prefixBytes = 8
const empty = new Uint8Array()

export interface Frame {
  header: unknown
  body: Uint8Array<ArrayBuffer>
}

/**
 * A frame whose owner writes the body directly into the memory to send. Without `write`, only the
 * prefix and header are written: the last frame may be sent like this, with its body after it.
 */
export interface Unwritten {
  /** JSON. */
  header: string
  size: number
  write?(target: Uint8Array<ArrayBuffer>): void
}

/** Encodes frames into one piece of memory. */
export function encodeFrames(frames: Frame[]): Uint8Array<ArrayBuffer> {
  return writeFrames(
    frames.map(({ header, body }) => ({
      header: JSON.stringify(header),
      size: body.length,
      write: (target) => target.set(body),
    })),
  )
}

export function writeFrames(frames: Unwritten[]): Uint8Array<ArrayBuffer> {
  const sizes = frames.map(({ header }) => Buffer.byteLength(header))
  const total = frames.reduce((sum, { size, write }, index) => {
    return sum + prefixBytes + (sizes[index] as number) + (write ? size : 0)
  }, 0)
  const whole = Buffer.from(new ArrayBuffer(total))
  let at = 0
  for (const [index, { header, size, write }] of frames.entries()) {
    const headerBytes = sizes[index] as number
    whole.writeUInt32BE(headerBytes, at)
    whole.writeUInt32BE(size, at + 4)
    whole.write(header, at + prefixBytes)
    at += prefixBytes + headerBytes
    write?.(whole.subarray(at, at + size))
    at += size
  }
  return new Uint8Array(whole.buffer)
}

/**
 * Decodes a stream of pieces of any size; yields all frames of a piece together. `null` is a request or
 * answer without a body. Bodies may be views of the pieces. Throws `invalid` if the stream ends inside
 * a frame or is not made of frames, and `too_large` before it reads a body over `maxBody` bytes.
 */
export async function* decodeFrames(
  pieces: AsyncIterable<Uint8Array<ArrayBuffer>> | null,
  maxBody: number,
): AsyncGenerator<Frame[]> {
  let partial: PartialFrame | undefined
  for await (let piece of pieces ?? []) {
    const frames: Frame[] = []
    while (partial && piece.length > 0) {
      piece = fill(partial, piece)
      if (partial.missing > 0) break
      const [head, body] = partial.blocks as [Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>]
      if (body) frames.push({ header: parseHeader(head, prefixBytes, head.length), body })
      partial = body ? undefined : beginFrame(head, maxBody)
    }
    const { frames: whole, rest } = takeFrames(partial ? empty : piece, maxBody)
    frames.push(...whole)
    // Yield first: a next frame that is too large must not hold these back.
    if (frames.length > 0) yield frames
    if (rest.length > 0) partial = beginFrame(rest, maxBody)
  }
  if (partial) throw notFrames('it ends inside a frame')
}

/** A frame that has arrived in part: blocks for its head and body, or only for its prefix. */
interface PartialFrame {
  blocks: Uint8Array<ArrayBuffer>[]
  filled: number
  missing: number
}

function beginFrame(start: Uint8Array<ArrayBuffer>, maxBody: number): PartialFrame {
  const size = sizeAt(start, 0, maxBody)
  const lengths = size ? [prefixBytes + size.header, size.body] : [prefixBytes]
  const blocks = lengths.map((length) => new Uint8Array(length))
  const partial = { blocks, filled: 0, missing: size?.whole ?? prefixBytes }
  fill(partial, start)
  return partial
}

/** Copies bytes into the frame and returns the rest of the piece. */
function fill(partial: PartialFrame, piece: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  let rest = piece
  let at = partial.filled
  for (const block of partial.blocks) {
    if (at < block.length && rest.length > 0) {
      const part = rest.subarray(0, block.length - at)
      block.set(part, at)
      rest = rest.subarray(part.length)
      at += part.length
    }
    at -= block.length
  }
  const taken = piece.length - rest.length
  partial.filled += taken
  partial.missing -= taken
  return rest
}

/** Decodes bytes that hold whole frames. Bodies are views. Throws like `decodeFrames`. */
export function readFrames(bytes: Uint8Array<ArrayBuffer>): Frame[] {
  const { frames, rest } = takeFrames(bytes, Number.POSITIVE_INFINITY)
  if (rest.length > 0) throw notFrames('it ends inside a frame')
  return frames
}

/** The whole frames at the start of the bytes, and the rest. */
function takeFrames(bytes: Uint8Array<ArrayBuffer>, maxBody: number) {
  const frames: Frame[] = []
  let at = 0
  for (;;) {
    const size = sizeAt(bytes, at, maxBody)
    if (size === undefined || at + size.whole > bytes.length) break
    const bodyAt = at + prefixBytes + size.header
    const header = parseHeader(bytes, at + prefixBytes, bodyAt)
    frames.push({ header, body: bytes.subarray(bodyAt, at + size.whole) })
    at += size.whole
  }
  return { frames, rest: bytes.subarray(at) }
}

function sizeAt(bytes: Uint8Array, at: number, maxBody: number) {
  if (at + prefixBytes > bytes.length) return undefined
  const header = readU32(bytes, at)
  const body = readU32(bytes, at + 4)
  if (header > maxHeaderBytes) throw notFrames('a header is over 4 KiB')
  if (body > maxBody) {
    throw new TmError('too_large', `A body of ${body} bytes is over the limit of ${maxBody}`)
  }
  return { header, body, whole: prefixBytes + header + body }
}

function parseHeader(bytes: Uint8Array<ArrayBuffer>, start: number, end: number): unknown {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString()
  try {
    return JSON.parse(text)
  } catch {
    throw notFrames('a header is not JSON')
  }
}

/** Reads without a DataView, because each frame has two of these numbers. */
function readU32(bytes: Uint8Array, at: number): number {
  const byte = (index: number) => bytes[at + index] as number
  return ((byte(0) << 24) | (byte(1) << 16) | (byte(2) << 8) | byte(3)) >>> 0
}

function notFrames(what: string): TmError {
  return new TmError('invalid', `The request is not a stream of frames: ${what}`)
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
