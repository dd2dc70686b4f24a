/** The end of what a command wrote, for people: the reason why it failed is mostly there. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { stripVTControlCharacters } from 'node:util'
import type { KeptText } from '../../../core/task.ts'
import { keptTextBytes } from '../../../kinds/command/ending.ts'

const maxBytes = 1500
const maxLines = 20

/** The last lines of a file, without what a terminal would act on. Empty if there is no file. */
export function lastLines(file: string): string {
  const said = readEnd(file, maxBytes).bytes.toString('utf8')
  // A line that shows its progress begins anew at each \r.
  return stripVTControlCharacters(said.replace(/[^\n]*\r(?!\n)/g, ''))
    .replace(/[^\P{Cc}\n\t]/gu, '')
    .trim()
    .split('\n')
    .slice(-maxLines)
    .join('\n')
}

/** The last of what a command wrote, as it is. It begins with a whole character. */
export function keptText(file: string): KeptText {
  const { bytes, size } = readEnd(file, keptTextBytes)
  const isCut = bytes.length < size
  // A byte that goes on with a character begins with the bits 10.
  const start = isCut ? bytes.findIndex((byte) => (byte & 0xc0) !== 0x80) : 0
  return { text: bytes.subarray(Math.max(0, start)).toString('utf8'), bytes: size }
}

function readEnd(file: string, maxBytes: number): { bytes: Buffer; size: number } {
  let descriptor: number | undefined
  try {
    descriptor = openSync(file, 'r')
    const { size } = fstatSync(descriptor)
    const bytes = Buffer.alloc(Math.min(size, maxBytes))
    const read = readSync(descriptor, bytes, 0, bytes.length, size - bytes.length)
    return { bytes: bytes.subarray(0, read), size }
  } catch {
    return { bytes: Buffer.alloc(0), size: 0 }
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
}
