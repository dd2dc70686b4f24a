/**
 * The binary framing in which task bodies travel, both ways: bulk enqueue to a node, leases to a
 * worker. A stream of frames, each
 *
 *   u32 big-endian  bytes of the header
 *   u32 big-endian  bytes of the body
 *   header          JSON, UTF-8
 *   body            the task's bytes, as they are
 *
 * so a body is never escaped or copied into text, and a reader needs one frame in memory. Both sides
 * of a small task spend most of their time here: frames are handled as many as there are at once.
 */
import { TmError } from './errors.ts'

export const framesType = 'application/vnd.tm.frames'
export const maxHeaderBytes = 4096
const prefixBytes = 8
const empty = new Uint8Array()

export interface Frame {
  header: unknown
  body: Uint8Array<ArrayBuffer>
}

/**
 * A frame whose body is written where it will be sent from, by whoever has it. Without `write` only
 * its head is: that of the last frame, whose body follows.
 */
export interface Unwritten {
  header: unknown
  size: number
  write?(target: Uint8Array<ArrayBuffer>): void
}

/** Many frames as one piece of memory. */
export function encodeFrames(frames: Frame[]): Uint8Array<ArrayBuffer> {
  return writeFrames(
    frames.map(({ header, body }) => ({
      header,
      size: body.length,
      write: (target) => target.set(body),
    })),
  )
}

export function writeFrames(frames: Unwritten[]): Uint8Array<ArrayBuffer> {
  const headers = frames.map(({ header }) => JSON.stringify(header))
  const sizes = headers.map((header) => Buffer.byteLength(header))
  const total = frames.reduce((sum, { size, write }, index) => {
    return sum + prefixBytes + (sizes[index] as number) + (write ? size : 0)
  }, 0)
  const whole = Buffer.from(new ArrayBuffer(total))
  let at = 0
  for (const [index, { size, write }] of frames.entries()) {
    const headerBytes = sizes[index] as number
    whole.writeUInt32BE(headerBytes, at)
    whole.writeUInt32BE(size, at + 4)
    whole.write(headers[index] as string, at + prefixBytes)
    at += prefixBytes + headerBytes
    write?.(whole.subarray(at, at + size))
    at += size
  }
  return new Uint8Array(whole.buffer)
}

/**
 * The frames in a stream of pieces of any size, as many at a time as are there; null is a request or
 * an answer without a body. Bodies are views of the pieces they came in. Throws `invalid` on a stream
 * that ends inside a frame or is not made of frames, `too_large` on a body over `maxBody` bytes,
 * before it is read. A body that is not there at once is read when `admit` has let it in.
 */
export async function* decodeFrames(
  pieces: AsyncIterable<Uint8Array<ArrayBuffer>> | null,
  maxBody: number,
  admit: (size: number) => Promise<void> = async () => {},
): AsyncGenerator<Frame[]> {
  let begun: Begun | undefined
  for await (let piece of pieces ?? []) {
    const frames: Frame[] = []
    while (begun && piece.length > 0) {
      piece = fill(begun, piece)
      if (begun.missing > 0) break
      const [head, body] = begun.blocks as [Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>]
      if (body) frames.push({ header: parseHeader(head, prefixBytes, head.length), body })
      begun = body ? undefined : await begin(head, maxBody, admit)
    }
    const { frames: whole, rest } = takeFrames(begun ? empty : piece, maxBody)
    frames.push(...whole)
    // First these, so that whoever waits to be admitted holds nothing.
    if (frames.length > 0) yield frames
    if (rest.length > 0) begun = await begin(rest, maxBody, admit)
  }
  if (begun) throw notFrames('it ends inside a frame')
}

/** A frame that has come in part: its head and its body, or its prefix as long as that is not whole. */
interface Begun {
  blocks: Uint8Array<ArrayBuffer>[]
  filled: number
  missing: number
}

async function begin(
  start: Uint8Array<ArrayBuffer>,
  maxBody: number,
  admit: (size: number) => Promise<void>,
): Promise<Begun> {
  const size = sizeAt(start, 0, maxBody)
  if (size) await admit(size.body)
  const lengths = size ? [prefixBytes + size.header, size.body] : [prefixBytes]
  const blocks = lengths.map((length) => new Uint8Array(length))
  const begun = { blocks, filled: 0, missing: size?.whole ?? prefixBytes }
  fill(begun, start)
  return begun
}

/** Gives what is left of the piece. */
function fill(begun: Begun, piece: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  let rest = piece
  let at = begun.filled
  for (const block of begun.blocks) {
    if (at < block.length && rest.length > 0) {
      const part = rest.subarray(0, block.length - at)
      block.set(part, at)
      rest = rest.subarray(part.length)
      at += part.length
    }
    at -= block.length
  }
  const taken = piece.length - rest.length
  begun.filled += taken
  begun.missing -= taken
  return rest
}

/** The frames in these bytes, with bodies as views of them. Throws like `decodeFrames`. */
export function readFrames(bytes: Uint8Array<ArrayBuffer>): Frame[] {
  const { frames, rest } = takeFrames(bytes, Number.POSITIVE_INFINITY)
  if (rest.length > 0) throw notFrames('it ends inside a frame')
  return frames
}

/** The whole frames at the start of these bytes, and what follows. */
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

/** Without a view for each: there are two numbers in every frame. */
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
