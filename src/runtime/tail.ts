/** The last lines of a log, in memory. */

export interface TailPart {
  lines: string[]
  /** How many lines there have been in all: where the next part begins. */
  next: number
}

export interface Tail {
  add(text: string): void
  /** The last lines, or those after `after`, as far as they are kept; at most `count`. */
  read(query: { count: number; after?: number | undefined }): TailPart
}

/** A longer line is cut. */
export const maxLineLength = 2000

export function createTail(size: number): Tail {
  let lines: string[] = []
  let total = 0
  return {
    add(text) {
      const added = text.split('\n').filter((line) => line !== '')
      total += added.length
      lines = [...lines, ...added.map((line) => line.slice(0, maxLineLength))].slice(-size)
    },
    read({ count, after }) {
      if (after === undefined || after > total) return { lines: lines.slice(-count), next: total }
      const from = Math.max(0, lines.length - (total - after))
      const part = lines.slice(from, from + count)
      return { lines: part, next: total - lines.length + from + part.length }
    },
  }
}
