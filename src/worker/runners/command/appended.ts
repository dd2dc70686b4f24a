/** What was appended to the streams of a running command, in pieces of text. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { liveTextBytes } from '../../../kinds/command/ending.ts'
import type { StreamFiles } from './last-line.ts'

/** The byte of each stream from which on it is wanted; the last of it if there is none. */
export interface Offsets {
  stdout?: number
  stderr?: number
}

export interface Piece {
  stream: 'stdout' | 'stderr'
  from: number
  to: number
  text: string
}

/**
 * At most 64 KiB of each stream, the newest: of a command that writes faster, some is left out. Ends
 * with a whole character, unless it is the last piece.
 */
export function appended(files: StreamFiles, offsets: Offsets, isLast: boolean): Piece[] {
  return (['stdout', 'stderr'] as const).flatMap((stream) => {
    const { bytes, from } = readFrom(files[stream], offsets[stream])
    const text = isLast ? bytes : bytes.subarray(0, wholeCharacters(bytes))
    if (text.length === 0) return []
    return [{ stream, from, to: from + text.length, text: text.toString('utf8') }]
  })
}

function readFrom(file: string, wanted = 0): { bytes: Buffer; from: number } {
  let descriptor: number | undefined
  try {
    descriptor = openSync(file, 'r')
    const { size } = fstatSync(descriptor)
    const newest = Math.max(0, size - liveTextBytes)
    // A file that has become shorter was begun anew.
    const from = wanted > size ? newest : Math.max(wanted, newest)
    const bytes = Buffer.alloc(size - from)
    const read = readSync(descriptor, bytes, 0, bytes.length, from)
    const cut = from === newest && from > 0 ? characterAfter(bytes) : 0
    return { bytes: bytes.subarray(cut, read), from: from + cut }
  } catch {
    return { bytes: Buffer.alloc(0), from: wanted }
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
}

const goesOn = (byte: number) => (byte & 0xc0) === 0x80

/** Where the first whole character begins. */
function characterAfter(bytes: Buffer): number {
  return Math.max(
    0,
    bytes.subarray(0, 4).findIndex((byte) => !goesOn(byte)),
  )
}

/** How many bytes are whole characters, as far as the end may still be written. */
function wholeCharacters(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] as number
    if (goesOn(byte)) continue
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1
    return length > back ? bytes.length - back : bytes.length
  }
  return bytes.length
}
