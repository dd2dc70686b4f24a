/** Keeps the first and the last half of what a command wrote, where it is only for people to read. */
import { statSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { formatBytes } from '../../../core/bytes.ts'

export interface Shortened {
  path: string
  /** Bytes of the middle that are not in it. */
  leftOut: number
}

/** How far to look for the end of a line. */
const windowBytes = 64 * 1024
const newline = 10
/** Bytes, in UTF-8. */
const longestCharacter = 4

/** The file itself if it is not too long; else a shorter one under the name `copy`. */
export async function shorten(file: string, maxBytes: number, copy: string): Promise<Shortened> {
  const { size } = statSync(file)
  if (size <= maxBytes) return { path: file, leftOut: 0 }
  await using source = await open(file)
  const half = Math.floor(maxBytes / 2)
  const headEnd = await endOfHead(source, half)
  const tailStart = await startOfTail(source, size - half, size)
  const leftOut = tailStart - headEnd
  await using target = await open(copy, 'w', 0o600)
  await copyBytes(source, target, 0, headEnd)
  await target.write(`\n… ${formatBytes(leftOut)} left out …\n`)
  await copyBytes(source, target, tailStart, size)
  return { path: copy, leftOut }
}

/** Behind the last whole line, or the last whole character if the line is too long. Without its `\n`. */
async function endOfHead(source: FileHandle, end: number): Promise<number> {
  const start = Math.max(0, end - windowBytes)
  const bytes = await readBytes(source, start, end)
  const line = bytes.lastIndexOf(newline)
  if (line !== -1) return start + line
  const begins = bytes.subarray(-longestCharacter).findLastIndex((byte) => !continues(byte))
  return begins === -1 ? end : Math.max(start, end - longestCharacter) + begins
}

async function startOfTail(source: FileHandle, start: number, size: number): Promise<number> {
  const bytes = await readBytes(source, start, Math.min(size, start + windowBytes))
  const line = bytes.indexOf(newline)
  // A line break at the very end would leave nothing.
  if (line !== -1 && start + line + 1 < size) return start + line + 1
  const first = bytes.subarray(0, longestCharacter)
  const begins = first.findIndex((byte) => !continues(byte))
  // Bytes that are no text, or the rest of the last character.
  if (begins === -1) return first.length < longestCharacter ? size : start
  return start + begins
}

/** Whether the byte goes on with a character of UTF-8. */
function continues(byte: number): boolean {
  return (byte & 0xc0) === 0x80
}

async function readBytes(source: FileHandle, start: number, end: number): Promise<Buffer> {
  const bytes = Buffer.alloc(end - start)
  const { bytesRead } = await source.read(bytes, 0, bytes.length, start)
  return bytes.subarray(0, bytesRead)
}

/** In pieces: a worker's memory does not grow with what its commands write. */
async function copyBytes(
  source: FileHandle,
  target: FileHandle,
  start: number,
  end: number,
): Promise<void> {
  for (let at = start; at < end; ) {
    const piece = await readBytes(source, at, Math.min(end, at + 4 * windowBytes))
    if (piece.length === 0) return
    await target.write(piece)
    at += piece.length
  }
}
