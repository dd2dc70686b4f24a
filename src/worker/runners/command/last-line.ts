/** The last line that a running command has written, for people who look how far it is. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { stripVTControlCharacters } from 'node:util'
import { lastLineBytes } from '../../../kinds/command/ending.ts'

/** Where the streams of a running command go. */
export interface StreamFiles {
  stdout: string
  stderr: string
}

/** Enough for a line with all its colours. */
const readBytes = 4096

/** Of the stream that was written to last. Empty if there is nothing yet. */
export function lastLine({ stdout, stderr }: StreamFiles): string {
  const [newest, other] = [endOf(stderr), endOf(stdout)].sort((a, b) => b.at - a.at)
  return lastLineOf(newest?.text ?? '') || lastLineOf(other?.text ?? '')
}

/** A line that shows its progress begins anew at each `\r`. At most 200 bytes, in whole characters. */
export function lastLineOf(text: string): string {
  const lines = stripVTControlCharacters(text)
    .split(/[\r\n]/)
    .map((line) => line.replace(/\p{Cc}+/gu, ' ').trim())
  const line = lines.findLast((one) => one !== '') ?? ''
  const bytes = Buffer.from(line)
  if (bytes.length <= lastLineBytes) return line
  // What is left of a character that was cut is no whole one.
  return bytes
    .subarray(0, lastLineBytes)
    .toString('utf8')
    .replace(/\ufffd+$/, '')
}

function endOf(file: string): { text: string; at: number } {
  let descriptor: number | undefined
  try {
    descriptor = openSync(file, 'r')
    const { size, mtimeMs } = fstatSync(descriptor)
    const bytes = Buffer.alloc(Math.min(size, readBytes))
    const read = readSync(descriptor, bytes, 0, bytes.length, size - bytes.length)
    return { text: bytes.subarray(0, read).toString('utf8'), at: size === 0 ? 0 : mtimeMs }
  } catch {
    return { text: '', at: 0 }
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
}
