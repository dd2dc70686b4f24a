/** Reads a text file backwards, a piece at a time: it may be larger than memory. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

const chunkBytes = 256 * 1024

/**
 * The lines of a file, or of its first `size` bytes, the last one first. What follows the last line
 * break is a line too, if empty.
 */
export function* linesFromEnd(path: string, size = Infinity): Generator<string> {
  const file = openSync(path, 'r')
  try {
    let end = Math.min(size, fstatSync(file).size)
    let rest = Buffer.alloc(0)
    while (end > 0) {
      const chunk = Buffer.alloc(Math.min(chunkBytes, end))
      end -= chunk.length
      readSync(file, chunk, 0, chunk.length, end)
      const text = Buffer.concat([chunk, rest])
      const firstBreak = end > 0 ? text.indexOf(10) + 1 : 0
      rest = text.subarray(0, firstBreak)
      yield* text.subarray(firstBreak).toString('utf8').split('\n').reverse()
    }
  } finally {
    closeSync(file)
  }
}
